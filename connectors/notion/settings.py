"""What an admin or a command line gives to reach a Notion workspace."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

_ID = re.compile(r"([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})(?=$|[?#/&])", re.IGNORECASE)


def notion_id(value: str) -> str:
    """The dashed id in an id or a page's address (``app.notion.com``, ``notion.so``, ``notion.site``); raises ValueError."""
    found = _ID.findall(value.strip())
    if not found:
        raise ValueError("Give the id of the Notion page, or the address copied from Share > Copy link.")
    return "-".join(found[0]).lower()


class Settings(BaseModel):
    """``token`` of an internal connection or of an OAuth installation; ``parent`` the page below which the databases are."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    token: SecretStr = Field(description="Token of the connection (Settings > Connections in Notion).")
    parent: Annotated[str, BeforeValidator(notion_id)] = Field(
        description="Page below which the databases are found or made: its id or address."
    )
    url: str = Field(default="https://api.notion.com", description="Address of the API; only changed for tests or a gateway.")
    allow_private_addresses: bool = Field(default=False, description="Lets `url` be inside a private network.")
    requests_per_minute: int = Field(default=180, ge=1, le=600, description="180, or 600 on the Business and Enterprise plans.")
    longest_wait_s: float = Field(default=60.0, ge=0, description="A longer wait that Notion asks for is handed to the caller.")

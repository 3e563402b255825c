"""What an admin or a command line gives to reach one Confluence."""

from __future__ import annotations

from datetime import date
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.addresses import base_url
from connectors.errors import Misconfigured


class Settings(BaseModel):
    """``url`` is the address that stands before ``/api`` or ``/rest``: a Cloud site, the OAuth gateway of one, or a Data Center base."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: str = Field(description="https://your-site.atlassian.net/wiki, or the base address of your Data Center.")
    edition: Literal["cloud", "datacenter"] = Field(default="cloud", description="Which Confluence it is.")
    email: str | None = Field(
        default=None, description="Cloud: the account of the API token. Empty for OAuth and for access tokens of Data Center."
    )
    token: SecretStr = Field(description="API token, OAuth access token, or personal access token.")
    token_ends: date | None = Field(
        default=None, description="Day on which the token ends, as 2027-11-26; the connection's owner is told 30 days before."
    )
    space: str | None = Field(default=None, description="Key of the space where new pages go.")
    parent: str | None = Field(default=None, description="Id or title of the page below which new pages go.")
    ca_file: str | None = Field(default=None, description="Certificates of your own authority, as a PEM file.")
    requests_per_s: float | None = Field(
        default=None, gt=0, le=100, description="Upper limit of requests; empty: as fast as Confluence lets us."
    )
    allow_private_addresses: bool = Field(default=False, description="Lets `url` be inside a private network.")

    @field_validator("email", "token_ends", "space", "parent", "ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("edition", mode="before")
    @classmethod
    def _edition(cls, value: object) -> object:
        return (value.strip().lower() or "cloud") if isinstance(value, str) else value

    @model_validator(mode="after")
    def _reachable(self) -> Settings:
        try:
            base_url(self.url, allow_private=self.allow_private_addresses)
        except Misconfigured as error:
            raise ValueError(error.message_for_user) from error
        return self

    @property
    def credential(self) -> dict[str, str]:
        """As the client takes it: a basic credential with an address, else a bearer token."""
        secret = self.token.get_secret_value()
        return {"username": self.email, "password": secret} if self.email else {"token": secret}

    @property
    def base(self) -> str:
        """The address without a slash at its end; on Cloud it ends with ``/wiki``."""
        url = self.url.strip().rstrip("/")
        if self.edition == "cloud" and not urlsplit(url).path.endswith("/wiki"):
            return f"{url}/wiki"
        return url

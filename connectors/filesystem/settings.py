"""What an admin or a command line gives to reach a Git folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """``space`` is a folder below ``path`` for pages that nobody placed elsewhere."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: Path = Field(description="The Git folder; made where it is missing.")
    space: str = Field(default="sops", description="Folder in it for new pages.")
    author: str = Field(default="SOPwright <sopwright@localhost>", description="Author of the commits.")

"""Everything an operator can set, read once at an entry point and passed down.

Each field is the environment variable ``SOPWRIGHT_<NAME>``. A secret may be given as ``SOPWRIGHT_<NAME>_FILE`` instead: the value is then the content
of that file, and a file that is missing is an error at the start, not an empty secret.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from plugin.domain.errors import Invalid

PREFIX = "SOPWRIGHT_"
SECRETS = (
    "secret_key",
    "vault_keys",
    "smtp_password",
    "first_admin_password",
    "database_url",
    "metrics_token",
    "oidc_client_secret",
    "notion_client_secret",
    "language_model_key",
    "atlassian_client_secret",
)


class Settings(BaseSettings):
    """Frozen. Paths that are not set follow from ``data_dir``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data_dir: Path = Field(
        Path("data"),
        validation_alias=AliasChoices("SOPWRIGHT_DATA", "SOPWRIGHT_DATA_DIR", "data_dir"),
        description="Folder for everything the service stores itself (`SOPWRIGHT_DATA`).",
    )
    base_url: str = Field(
        "http://127.0.0.1:8800",
        description="Address under which people reach the service; links in mails start with it. Left out: host and port.",
    )
    database_url: SecretStr = Field(
        SecretStr(""), description="SQLAlchemy address (`postgresql+psycopg://...`); empty: a SQLite file in the data folder."
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="Signs sessions and links; empty: made at first start and kept in the data folder."
    )
    vault_keys: SecretStr = Field(
        SecretStr(""),
        description="Fernet keys for stored credentials, newest first, comma separated (after a change: `sopwright db reseal`); empty: made at first start.",
    )

    host: str = Field("127.0.0.1", description="Address the web role listens on.")
    port: int = Field(8800, ge=0, le=65535, description="Port the web role listens on.")
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="Reverse proxies in front of the web role whose X-Forwarded headers are believed."
    )
    allow_insecure_http: bool = Field(
        False, description="Lets a base_url with http:// be used beyond this machine (trial in a closed network)."
    )
    metrics_token: SecretStr = Field(SecretStr(""), description="Bearer for `/metrics`; empty: only this machine itself may read them.")
    oidc_issuer: str | None = Field(None, description="Address of an OpenID Connect provider; with it people can sign in through it.")
    oidc_client_id: str | None = Field(None, description="Our client id there.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Our client secret there.")
    oidc_trust_email: bool = Field(
        False, description="Mail addresses of the provider count although it does not mark them as verified (it must give them out itself)."
    )
    oidc_name: str = Field("Single sign-on", description="What the button says.")
    oidc_workspace: str | None = Field(None, description="Short name of the workspace that they enter; empty: the first one.")
    oidc_create_as: Literal["reader", "author"] | None = Field(
        None, description="Role for people seen for the first time; empty: an admin adds them."
    )
    forge_app_id: str | None = Field(
        None,
        description="Id of your Forge app (`ari:cloud:ecosystem::app/...`); with it Confluence sites can install it. Empty: switched off.",
    )
    forge_sites: str = Field(
        "", description="Cloud ids of the Confluence sites that may use it, comma separated; empty: wherever the app is installed."
    )
    forge_workspace: str | None = Field(
        None, description="Short name of the workspace that those sites share; empty: each site gets a workspace of its own."
    )
    forge_jwks_url: str = Field(
        "https://forge.cdn.prod.atlassian-dev.net/.well-known/jwks.json",
        description="Where Forge publishes the keys that its calls are signed with.",
    )
    notion_client_id: str | None = Field(
        None, description="Client id of our public connection to Notion; with it admins connect by a button."
    )
    notion_client_secret: SecretStr = Field(SecretStr(""), description="Its client secret.")
    notion_url: str = Field("https://api.notion.com", description="Address of Notion's API for that button.")
    atlassian_client_id: str | None = Field(
        None, description="Client id of your OAuth 2.0 (3LO) app at Atlassian; with it admins connect Confluence Cloud by a button."
    )
    atlassian_client_secret: SecretStr = Field(SecretStr(""), description="Its client secret.")
    atlassian_auth_url: str = Field("https://auth.atlassian.com", description="Where Atlassian asks people and gives tokens.")
    atlassian_api_url: str = Field("https://api.atlassian.com", description="Where Confluence Cloud answers to those tokens.")
    first_admin_email: str | None = Field(None, description="Mail address of the admin who is made when there are no people yet.")
    first_admin_password: SecretStr = Field(
        SecretStr(""), description="Password of that admin; empty: made up and shown once at the start."
    )

    max_upload_bytes: int = Field(8 * 2**30, gt=0, description="Largest recording that is taken.")
    workspace_quota_bytes: int = Field(200 * 2**30, gt=0, description="Space that the recordings of one workspace may take.")
    upload_expiry_s: int = Field(7 * 86400, gt=0, description="An unfinished upload is kept this long.")
    min_free_bytes: int = Field(512 * 2**20, ge=0, description="Space that must stay free on the disk; below it uploads are refused.")
    recording_days: int = Field(0, ge=0, description="Recordings are deleted after this many days; 0 keeps them.")

    workers: int = Field(1, ge=0, le=64, description="Worker processes of `sopwright serve` and `sopwright worker`.")
    threads: int = Field(2, ge=1, description="Threads that one job may use.")
    lease_s: int = Field(60, ge=2, description="A job whose worker has not been heard of for this long is taken over.")
    poison_limit: int = Field(3, ge=1, description="A job that ended its worker this often is parked for a person.")
    queue: Literal["local"] = Field("local", description="How workers are woken: `local` (processes of this machine).")
    speech_model: str = Field("auto", description="`auto`, a size such as `small`, or a folder with a faster-whisper model.")
    language_model_url: str = Field(
        "",
        description="Base address (`.../v1`) of an OpenAI-compatible service that may reword sentences, after redaction; empty: the rules alone write.",
    )
    language_model: str = Field("", description="Name of the model there.")
    language_model_key: SecretStr = Field(SecretStr(""), description="Its API key.")
    language_model_language: str = Field(
        "", description="Language to translate the SOP into, for example `de`; empty: that of the recording."
    )

    smtp_host: str | None = Field(None, description="Mail server; without it mails are written to the log.")
    smtp_port: int = Field(587, description="Port of the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="How the connection to the mail server is protected.")
    smtp_user: str | None = Field(None, description="Account at the mail server.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password of that account.")
    mail_from: str = Field("SOPwright <sopwright@localhost>", description="Sender of mails.")
    chat_schemes: str = Field(
        "slack,msteams,workflows,mmost,mmosts,rocket,rockets,discord,gchat,ntfys,json,jsons",
        description="Apprise schemes that people may enter as chat channels, comma separated.",
    )
    allow_private_addresses: bool = Field(False, description="Lets chat channels and targets point into the private network.")

    log_format: Literal["json", "console"] = Field("console", description="One JSON object per line, or text for people.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least serious events that are logged.")

    @property
    def rewording(self) -> dict[str, str]:
        """What the write stage is told about the language model, without its key; empty where none is set."""
        if not (self.language_model_url and self.language_model):
            return {}
        wanted = {"url": self.language_model_url, "model": self.language_model, "language": self.language_model_language}
        return {name: value for name, value in wanted.items() if value}

    @model_validator(mode="after")
    def _sane(self) -> Self:
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError("base_url must start with http:// or https://")
        key = self.secret_key.get_secret_value()
        if key and len(key) < 32:
            raise ValueError("secret_key must have at least 32 characters")
        return self

    @property
    def forge_site_ids(self) -> frozenset[str]:
        """Empty: every site."""
        return frozenset(filter(None, (site.strip() for site in self.forge_sites.split(","))))

    @property
    def database(self) -> str:
        """The database address in use."""
        return self.database_url.get_secret_value() or f"sqlite:///{(self.data_dir / 'sopwright.db').absolute()}"


def load(environ: Mapping[str, str] | None = None, **chosen: Any) -> Settings:
    """Settings from the environment, over which ``chosen`` values win. Raises Invalid, naming the variable."""
    values = {**_from_files(os.environ if environ is None else environ), **chosen}
    try:
        settings = Settings(**values)
    except ValueError as error:
        raise Invalid("settings", _explain(error)) from None
    return settings if "base_url" in settings.model_fields_set else settings.model_copy(update={"base_url": _own_address(settings)})


def _own_address(settings: Settings) -> str:
    """Where the service is found on this machine, for a trial without a name of its own."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - listening everywhere includes here
    return f"http://{host}:{settings.port}"


def _from_files(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in SECRETS:
        variable = f"{PREFIX}{name.upper()}_FILE"
        if path := environ.get(variable):
            try:
                values[name] = SecretStr(Path(path).read_text("utf-8").strip())
            except OSError as error:
                raise Invalid(variable, f"{variable}: the file {path} cannot be read ({error.strerror}).") from None
    return values


def _explain(error: ValueError) -> str:
    """One line per wrong value without the value itself, which may be a secret."""
    details: list[Any] = getattr(error, "errors", list)()
    lines = [f"{PREFIX}{'_'.join(map(str, d['loc'])).upper() or 'SETTINGS'}: {d['msg']}" for d in details]
    return "; ".join(lines) or "The settings are not valid."

"""The page docs/reference/settings.md, made of the settings themselves: ``python -m tests.unit.services.settings_table > docs/reference/settings.md``."""

from __future__ import annotations

from pydantic import SecretStr

from plugin.settings import PREFIX, SECRETS, Settings

HEAD = """# Settings

Every setting is an environment variable. A secret may be given as `<NAME>_FILE` instead; the value is then the content of that file, and a file that is missing
stops the start. Secrets that are left empty (signing key, vault key) are made at the first start and kept in the data folder under `keys/`.

| variable | default | what it is |
|---|---|---|
"""


def page() -> str:
    lines = []
    for name, info in Settings.model_fields.items():
        default = info.get_default()
        shown = "" if default is None or isinstance(default, SecretStr) else f"`{default}`"
        secret = " May be given as a file." if name in SECRETS else ""
        lines.append(f"| `{PREFIX}{name.upper()}` | {shown} | {info.description}{secret} |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")

"""``sopwright publish``: a made SOP to a target, without a running service. The SOP's id is its identity: again means update."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from connectors import registry
from connectors.contract import Known, Receipt, Ref, Target
from connectors.errors import Conflict, Misconfigured
from plugin.domain.document import decode, encode, from_document
from plugin.domain.errors import InvalidDocument
from plugin.domain.sop import Sop
from plugin.services import compose


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--target", type=click.Choice(registry.names()), required=True, help="Where to publish.")
@click.option("--message", help="What changed, for the target's history. [default: the revision number]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line: page_id, version, url, requests, writes, conflicts.")
def publish(folder: Path, target: str, message: str | None, as_json: bool) -> None:
    """Publish FOLDER/sop.json (as `sopwright make` wrote it) to a target.

    \b
    Settings come from the environment:
      filesystem  SOPWRIGHT_FILESYSTEM_PATH (a Git folder; made where it is missing)
      notion      SOPWRIGHT_NOTION_TOKEN _PARENT _URL

    What was published where is remembered in SOPWRIGHT_DATA (default: ./data). Edits that people made on the page are kept; where they and
    the new revision changed the same passage nothing is written and the exit code is 3.
    """
    sop = read_sop(folder)
    state = state_folder(os.environ) / "published" / target
    memory = state / f"{hashlib.sha256(sop.id.encode()).hexdigest()[:32]}.json"
    package = registry.package(target)
    settings = connector_settings(package, target, os.environ)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    connector = package.connect(settings, state=state)
    page = compose.compose(sop, assets=compose.assets_in(folder, sop, digest_of=_digest_of))
    place = Target(place=getattr(settings, "space", None) or "", parent=getattr(settings, "parent", None))
    try:
        receipt = connector.publish(
            connector.render(page), place, known=_remembered(memory), message=message or f"SOP revision {sop.revision}"
        )
    except Conflict as conflict:
        if as_json:
            click.echo(
                json.dumps(
                    {
                        "page_id": conflict.remote_id,
                        "version": conflict.remote_version,
                        "url": None,
                        "requests": None,
                        "writes": 0,
                        "conflicts": len(conflict.clashes),
                    }
                )
            )
        raise
    _remember(memory, receipt.known)
    click.echo(json.dumps(_report(receipt)) if as_json else _words(receipt))


def read_sop(folder: Path) -> Sop:
    """Raises InvalidDocument, also where the file is missing or no JSON."""
    path = folder / "sop.json"
    try:
        return from_document(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise InvalidDocument("", f"{path} is missing; `sopwright make RECORDING --out {folder}` writes it") from None
    except ValueError as error:
        raise InvalidDocument("", f"{path} is no JSON ({error})") from None


def state_folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("SOPWRIGHT_DATA") or "data")


def connector_settings(package: Any, target: str, environ: Mapping[str, str]) -> Any:
    """The connector's own settings from ``SOPWRIGHT_<TARGET>_<NAME>`` (or ``..._FILE`` for the content of a file); raises Misconfigured."""
    prefix = f"SOPWRIGHT_{target.upper()}_"
    values: dict[str, Any] = {}
    for name in package.Settings.model_fields:
        variable = prefix + name.upper()
        if file := environ.get(variable + "_FILE"):
            try:
                values[name] = Path(file).read_text("utf-8").strip()
            except OSError as error:
                raise Misconfigured(variable + "_FILE", f"{variable}_FILE: {file} cannot be read ({error.strerror}).") from None
        elif variable in environ:
            values[name] = environ[variable]
    if "allow_private_addresses" in package.Settings.model_fields:
        values["allow_private_addresses"] = environ.get("SOPWRIGHT_ALLOW_PRIVATE_ADDRESSES", "") in ("1", "true", "yes")
    try:
        return package.Settings(**values)
    except ValueError as error:
        details: list[Any] = getattr(error, "errors", list)()
        lines = [f"{prefix}{'_'.join(map(str, d['loc'])).upper()}: {d['msg']}" for d in details] or [f"{prefix}*: not valid"]
        raise Misconfigured(prefix, "; ".join(lines)) from None


def _digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _remembered(memory: Path) -> Known | None:
    try:
        stored = json.loads(memory.read_text("utf-8"))
    except FileNotFoundError:
        return None
    return Known(ref=decode(Ref, stored["ref"]), version=stored["version"], base=stored["base"])


def _remember(memory: Path, known: Known) -> None:
    aside = memory.with_suffix(".part")
    aside.write_text(json.dumps(encode(known)), "utf-8")
    aside.replace(memory)


def _report(receipt: Receipt) -> dict[str, Any]:
    known = receipt.known
    return {
        "page_id": known.ref.id,
        "version": known.version,
        "url": known.ref.url,
        "requests": receipt.requests,
        "writes": receipt.writes,
        "conflicts": 0,
    }


def _words(receipt: Receipt) -> str:
    what = "Created" if receipt.created else "Updated" if receipt.written else "Nothing to change at"
    kept = f" {len(receipt.edits)} edits by people were kept." if receipt.edits else ""
    return f"{what} {receipt.known.ref.url} (version {receipt.known.version}).{kept}"

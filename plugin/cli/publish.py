"""``sopwright publish``: a made SOP to a target, without a running service. The SOP's id is its identity: again means update."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from connectors import registry
from connectors.contract import Choice, Known, Origin, Person, Receipt, Ref, Target
from connectors.errors import Conflict, Misconfigured, Retry
from connectors.transport import Tally
from plugin.domain.document import decode, encode, from_document
from plugin.domain.errors import InvalidDocument
from plugin.domain.sop import Sop
from plugin.services import compose


@click.command(short_help="Publish a made SOP to a target.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--target", type=click.Choice(registry.names()), required=True, help="Where to publish.")
@click.option("--message", help="What changed, for the target's history. [default: the revision number]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line: page_id, version, url, requests, writes, conflicts.")
@click.option(
    "--on-conflict",
    type=click.Choice(["ask", "ours", "theirs"]),
    default="ask",
    show_default=True,
    help="Where a person and the new revision changed the same passage: stop and show both, or take one side.",
)
@click.option(
    "--by",
    metavar="NAME",
    envvar=["SOPWRIGHT_PUBLISHED_BY", "GITLAB_USER_NAME", "GITHUB_ACTOR"],
    help="Who publishes, for the target's history. [default: SOPWRIGHT_PUBLISHED_BY, GITLAB_USER_NAME or GITHUB_ACTOR]",
)
@click.option(
    "--recording",
    metavar="URL",
    envvar="SOPWRIGHT_RECORDING_URL",
    callback=lambda _context, _option, value: _web_address(value),
    help="Where the recording can be seen, for the target's history.",
)
@click.option(
    "--wait",
    "longest_wait_s",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Longest wait in seconds for a busy target.",
)
def publish(
    folder: Path,
    target: str,
    message: str | None,
    as_json: bool,
    on_conflict: str,
    by: str | None,
    recording: str | None,
    longest_wait_s: float,
) -> None:
    """Publish FOLDER/sop.json (as `sopwright make` wrote it) to a target.

    \b
    Settings come from the environment:
      filesystem  SOPWRIGHT_FILESYSTEM_PATH (a Git folder; made where it is missing)
      notion      SOPWRIGHT_NOTION_TOKEN _PARENT _URL
      confluence  SOPWRIGHT_CONFLUENCE_URL _EDITION (cloud, datacenter) _EMAIL _TOKEN _SPACE _PARENT

    What was published where is remembered in SOPWRIGHT_DATA (default: ./data). Edits that people made on the page are kept; where they and
    the new revision changed the same passage nothing is written and the exit code is 3.
    """
    sop = read_sop(folder)
    state = state_folder(os.environ) / "published" / target
    package = registry.package(target)
    settings = connector_settings(package, target, os.environ)
    memory = state / f"{_identity(sop.id, settings)}.json"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    connector = package.connect(settings, state=state)
    source = Origin(by=Person(name=by.strip()) if by and by.strip() else None, recording=recording)
    page = compose.compose(sop, assets=compose.assets_in(folder, sop, digest_of=_digest_of), source=source)
    place = Target(place=getattr(settings, "space", None) or "", parent=getattr(settings, "parent", None))
    known = _remembered(memory)

    def once(choices: Mapping[str, Choice] | None = None) -> Receipt:
        answer: Receipt = connector.publish(
            connector.render(page), place, known=known, message=message or f"SOP revision {sop.revision}", choices=choices
        )
        return answer

    door = getattr(connector, "door", None)
    with door.tally() if door is not None else nullcontext(Tally()) as tally:
        try:
            receipt = _patiently(once, longest_wait_s)
        except Conflict as conflict:
            if on_conflict == "ask":
                _show(conflict, known, tally, as_json=as_json)
                raise
            side: Choice = "ours" if on_conflict == "ours" else "theirs"
            choices = {clash.key: side for clash in conflict.clashes}
            receipt = _patiently(lambda: once(choices), longest_wait_s)
    _remember(memory, receipt.known)
    click.echo(json.dumps(_report(receipt)) if as_json else _words(receipt))


def _web_address(value: str | None) -> str | None:
    parts = urlsplit(value or "")
    if value and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise click.BadParameter("give an address that begins with https:// or http://")
    return value or None


def _patiently(publish_once: Callable[[], Receipt], longest_s: float) -> Receipt:
    """Waits as a busy target asks, as long as all of it stays within ``longest_s``."""
    while True:
        try:
            return publish_once()
        except Retry as busy:
            if busy.after_s > longest_s:
                click.echo(
                    f"The target asks for {busy.after_s:.0f} seconds. Run the same command later, or with a longer --wait.", err=True
                )
                raise
            longest_s -= max(busy.after_s, 1.0)
            click.echo(f"{busy.message_for_user} Trying again in {busy.after_s:.0f} seconds.", err=True)
            time.sleep(busy.after_s)


def _show(conflict: Conflict, known: Known | None, tally: Tally, *, as_json: bool) -> None:
    """Both sides of each passage, for a person to choose."""
    for clash in conflict.clashes:
        click.echo(f"\n{clash.key}", err=True)
        for side, words in (("before", clash.base), ("on the page", clash.theirs), ("this revision", clash.ours)):
            click.echo(f"  {side + ':':15}{'(removed)' if words is None else words}", err=True)
    if conflict.clashes:
        click.echo("\nRun it again with --on-conflict theirs or --on-conflict ours, or correct the SOP.", err=True)
    if as_json:
        page_id = conflict.remote_id or (known.ref.id if known else None)
        click.echo(
            json.dumps(
                {
                    "page_id": page_id,
                    "version": _number(conflict.remote_version),
                    "url": known.ref.url if known else None,
                    "requests": tally.requests,
                    "writes": tally.writes,
                    "conflicts": len(conflict.clashes),
                }
            )
        )


def read_sop(folder: Path) -> Sop:
    """Raises InvalidDocument, also where the file is missing or no JSON."""
    path = folder / "sop.json"
    try:
        sop = from_document(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise InvalidDocument("", f"{path} is missing; `sopwright make RECORDING --out {folder}` writes it") from None
    except ValueError as error:
        raise InvalidDocument("", f"{path} is no JSON ({error})") from None
    if not sop.id:
        raise InvalidDocument("/id", "it is empty, so the page could not be found again; `sopwright make` gives every SOP one")
    return sop


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


def _identity(sop_id: str, settings: Any) -> str:
    """Names what is remembered of a page: the SOP, and the service where there may be several."""
    return hashlib.sha256("\n".join(filter(None, (sop_id, getattr(settings, "base", None)))).encode()).hexdigest()[:32]


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
        "version": _number(known.version),
        "url": known.ref.url,
        "requests": receipt.requests,
        "writes": receipt.writes,
        "conflicts": 0,
    }


def _number(version: str) -> int | str:
    """Versions that are numbers at the target are numbers here."""
    return int(version) if version.isdigit() and len(version) < 10 else version


def _words(receipt: Receipt) -> str:
    what = "Created" if receipt.created else "Updated" if receipt.written else "Nothing to change at"
    kept = f" {len(receipt.edits)} edits by people were kept." if receipt.edits else ""
    return f"{what} {receipt.known.ref.url} (version {receipt.known.version}).{kept}"

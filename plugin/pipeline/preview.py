"""First steps while the rest is still being read: from what was said and from commands that are known, later from the actions. Provisional, never stored.

Nothing of it has been seen by the stage that covers secrets, so its rules run over it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from plugin.pipeline.artefacts import Action, Actions, Media, Reading, Redacted, Transcript, Watched
from plugin.pipeline.redact import collect, redacted_texts
from plugin.pipeline.side import session
from plugin.pipeline.side.commands import exact
from plugin.pipeline.stage import Options
from plugin.pipeline.write.assemble import Wishes, assemble
from plugin.pipeline.write.language import cues

MOST_STEPS = 5

log = structlog.get_logger()


def steps(recording: Path, options: Options, finished: Mapping[str, Any]) -> tuple[str, ...]:
    """The sentences of the first steps as far as the artefacts in ``finished`` (by stage) allow; none where they tell nothing yet."""
    try:
        return _steps(recording, options, finished)
    except Exception as error:  # noqa: BLE001 - a preview must never end the run that it belongs to
        log.warning("preview_failed", error=type(error).__name__)
        return ()


def _steps(recording: Path, options: Options, finished: Mapping[str, Any]) -> tuple[str, ...]:
    media: Media = finished["probe"]
    if "redact" in finished:
        redacted: Redacted = finished["redact"]
    else:
        actions = _known_commands(recording, options, media)
        redacted = _covered(finished["listen"], actions, options)
        # Without pictures the narration alone makes the steps, as for a recording that has none.
        media = replace(media, has_video=bool(actions))
    known = cues(redacted.transcript.language or options.language)
    sop = assemble(redacted, media, known, wishes=Wishes(title=options.title, area=options.area), generator="preview")
    return tuple(step.action for step in sop.steps[:MOST_STEPS])


def _known_commands(recording: Path, options: Options, media: Media) -> tuple[Action, ...]:
    cast = recording if session.is_session(recording) else options.side_files.get("cast")
    if not cast:
        return ()
    nothing = Watched(width=media.width, height=media.height, duration_s=media.duration_s)
    return tuple(exact((), session.commands(Path(cast)), nothing, Reading(), same_clock=True))


def _covered(transcript: Transcript, actions: tuple[Action, ...], options: Options) -> Redacted:
    found = Actions(actions=actions)
    known = collect(transcript, Reading(), found, never=options.never, allowed=options.allowed)
    return redacted_texts(transcript, found, Reading(), known)

"""What the doctor says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from plugin.domain.errors import SopError
from plugin.settings import Settings

State = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``advice`` says what to do where it is not well. ``note``: it works, but somebody should know; ``problem``: it does not work."""

    subject: str
    state: State
    words: str
    advice: str = ""


def guarded(subject: str, check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    """Whatever is broken is what the doctor is asked about, so a check that breaks is a finding."""
    try:
        yield from check(settings)
    except SopError as error:
        yield Finding(subject=subject, state="problem", words=error.message_for_user)
    except Exception as error:  # noqa: BLE001 - see above; the class alone, for the text may hold an address with its password
        yield Finding(subject=subject, state="problem", words=f"cannot be checked ({type(error).__name__})", advice="See the log.")

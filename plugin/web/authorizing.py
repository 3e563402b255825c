"""Asking another system for access in an admin's browser: there with a state and a PKCE challenge that belong to this browser, back with a code.

What must not be forgotten in between (state, verifier, whose it is) lies sealed in a cookie of that browser, so that any web process can finish what
another began. A state is good for ten minutes and once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, redirect, request

from plugin.services import inbound
from plugin.vault import Unreadable, new_secret
from plugin.web.context import caller, deps
from plugin.web.errors import Problem

TIME = timedelta(minutes=10)
LONGEST_CODE = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What goes along to the other system. ``challenge`` is S256 of the verifier that its answer is exchanged with."""

    redirect_uri: str
    state: str
    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    code: str
    redirect_uri: str
    verifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """``room`` is the address below which ``/callback`` lies; ``whom`` is the other system in words."""

    room: str
    whom: str

    def begin(self, address: Callable[[Asked], str]) -> Response:
        """To ``address``, remembering in this browser what was asked."""
        state, verifier = new_secret("sw", deps().random_bytes), _b64(deps().random_bytes(32))
        asked = Asked(redirect_uri=self.callback_url, state=state, challenge=_b64(hashlib.sha256(verifier.encode()).digest()))
        answer = to(address(asked))
        until = int((deps().clock() + TIME).timestamp())
        flow = {"state": state, "verifier": verifier, "person": caller().person_id, "until": until}
        sealed = deps().vault.seal(json.dumps(flow), workspace_id="", field=self._field)
        secure = deps().settings.base_url.startswith("https://")
        answer.set_cookie(self._cookie, sealed, max_age=TIME, secure=secure, httponly=True, samesite="Lax", path=self.room)
        return answer

    def answered(self) -> Answered:
        """The code of the answer. Raises Problem 400 unless this browser and this person began it, not long ago, and it was not answered yet;
        422 where it was declined."""
        verifier = self._verifier(request.args.get("state", ""))
        if request.args.get("error"):
            raise Problem("invalid", f"{self.whom} was not connected: the authorization was declined there.")
        code = request.args.get("code", "")
        if not 0 < len(code) <= LONGEST_CODE:
            raise Problem("bad-request", f"{self.whom}'s answer holds no code.")
        return Answered(code=code, redirect_uri=self.callback_url, verifier=verifier)

    def done(self, address: str) -> Response:
        """On to ``address`` of ours; this browser may forget what was asked."""
        answer = to(address)
        answer.delete_cookie(self._cookie, path=self.room)
        return answer

    @property
    def callback_url(self) -> str:
        """Always our own address, whatever the request said."""
        return f"{deps().settings.base_url.rstrip('/')}{self.room}/callback"

    def _verifier(self, given: str) -> str:
        wrong = Problem("bad-request", f"This answer of {self.whom} does not belong to a connection that you began here. Begin again.")
        try:
            flow = json.loads(deps().vault.open(request.cookies.get(self._cookie, ""), workspace_id="", field=self._field))
        except (Unreadable, ValueError):
            raise wrong from None
        same = hmac.compare_digest(given.encode(), str(flow["state"]).encode()) and flow["person"] == caller().person_id
        if not same or flow["until"] <= deps().clock().timestamp():
            raise wrong
        if not inbound.first_time(deps(), kind=f"{self._name}-state", external_id=given, workspace_id=caller().workspace_id):
            raise wrong
        return str(flow["verifier"])

    @property
    def _name(self) -> str:
        return self.room.strip("/")

    @property
    def _cookie(self) -> str:
        return f"sopwright_{self._name}"

    @property
    def _field(self) -> str:
        return f"{self._name}/authorize"


def to(address: str) -> Response:
    """A redirect after which the browser reads."""
    answer = redirect(address, 303)
    assert isinstance(answer, Response)  # noqa: S101 - flask's own class
    return answer


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

"""The names of what can happen, as they stand in the append-only log, and each as a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS: dict[str, str] = {
    "recording.accepted": "took in the recording {filename}",
    "recording.deleted": "deleted the recording {filename}",
    "sop.created": "created the SOP",
    "sop.revised": "saved revision {revision}: {note}",
    "sop.proposed": "proposed changes from a new recording: {note}",
    "proposal.accepted": "accepted the proposed changes",
    "proposal.rejected": "rejected the proposed changes",
    "picture.uncovered": "said that {boxes} covered places in a picture at {time_s} s are no secrets",
    "sop.retired": "retired the SOP",
    "sop.owner": "made {owner} the owner",
    "sop.policy": "changed the review rule",
    "publication.requested": "asked to publish revision {revision} to {place}",
    "publication.written": "published revision {revision} to {place}",
    "publication.unchanged": "found revision {revision} already at {place}",
    "publication.conflict": "found clashing edits at {place}",
    "publication.closed": "closed the publication at {place}",
    "publication.edits": "took over edits that people made at {place}",
    "approval.requested": "asked for approval of revision {revision}",
    "approval.approved": "approved revision {revision}",
    "approval.declined": "declined revision {revision}",
    "approval.void": "a major change voided the approval",
    "approval.reminded": "reminded the approvers",
    "approval.escalated": "told an admin about the waiting approval",
    "review.reminded": "reminded {recipient} of the review due on {due}",
    "review.unreached": "could not tell {recipient} about the review due on {due}: they have neither mail nor chat",
    "review.undelivered": "could not deliver the reminder to {recipient} by {channel}: {reason}",
    "review.escalated": "told {recipient} about the review overdue since {due}",
    "review.started": "started the review",
    "review.still_right": "confirmed the SOP: still right",
    "review.needs_change": "found that the SOP needs a change",
    "review.record_again": "asked for a new recording",
    "review.retire": "retired the SOP in a review",
    "review.hand_over": "handed the SOP over to {owner}",
    "review.settled": "published the change that the review had asked for",
    "review.snoozed": "put the review off until {until}: {reason}",
    "person.signed_in": "signed in",
    "person.added": "added {email}",
    "person.linked": "came in through the identity provider for the first time, as {email}",
    "person.changed": "changed {email}: {fields}",
    "token.made": "made the token {name}",
    "token.revoked": "revoked the token {name}",
    "publication.back": "the page at {place} came back, and with it the publication",
    "connection.made": "connected {name}",
    "connection.changed": "changed the connection {name}",
    "connection.paused": "the connection {name} is no longer accepted",
    "connection.removed": "removed the connection {name}",
    "forge.installed": "the Forge app was installed on {site}",
    "forge.removed": "the Forge app was removed from {site}",
    "workspace.created": "created the workspace {name}",
    "workspace.changed": "changed the workspace: {fields}",
    "area.changed": "changed the rules of {name}",
    "backup.restored": "noticed that a backup was restored; reminders of that time are not repeated",
}


def sentence(kind: str, data: Mapping[str, Any]) -> str:
    """What happened, to be read after the name of who did it."""
    return KINDS[kind].format_map(_Lenient(data))


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"

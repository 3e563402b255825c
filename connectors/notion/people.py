"""Persons of ours as users of the Notion workspace, by mail address. Guests and deactivated users are not listed there."""

from __future__ import annotations

from connectors.contract import Person
from connectors.errors import AuthFailed
from connectors.notion.client import Api


class People:
    """The workspace's users, read once per connector; ``may_read`` is False where the connection lacks the capability."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._by_mail: dict[str, str] | None = None
        self._names: dict[str, str] = {}
        self.may_read = True

    def id_of(self, person: Person | None) -> str | None:
        if person is None:
            return None
        if person.account_id:
            return person.account_id
        return self._users().get(person.email.lower()) if person.email else None

    def name_of(self, user: str | None) -> str | None:
        """Without a request: only users that were read already."""
        return self._names.get(user or "")

    def _users(self) -> dict[str, str]:
        if self._by_mail is None:
            self._by_mail = {}
            try:
                for user in self._api.listed("users"):
                    self._names[user["id"]] = user.get("name") or ""
                    mail = (user.get("person") or {}).get("email")
                    if mail:
                        self._by_mail[mail.lower()] = user["id"]
            except AuthFailed:
                self.may_read = False
        return self._by_mail

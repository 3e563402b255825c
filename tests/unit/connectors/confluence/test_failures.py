"""The table of answers, walked row by row, with the words that Confluence was heard to use."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from connectors.confluence.failures import TABLE, Failure, Missing, NameTaken, ScopeMissing, Stale, TitleTaken, checked
from connectors.errors import AuthFailed, Gone, Reject, Retry

V2_TITLE = "A page with this title already exists: A page already exists with the same TITLE in this space"
V1_TITLE = "com.atlassian.confluence.api.service.exceptions.BadRequestException: A page with this title already exists"
FILE = "BadRequestException: Cannot add a new attachment with same file name as an existing attachment: a.png"


def v2(status: int | str, title: str) -> dict[str, Any]:
    return {"errors": [{"status": status, "code": "X", "title": title, "detail": None}]}


def v1(message: str) -> dict[str, Any]:
    return {"statusCode": 400, "data": {"authorized": True, "errors": []}, "message": message}


CASES: list[tuple[int, Any, type[Exception]]] = [
    (400, v1(FILE), NameTaken),
    (400, v2(400, V2_TITLE), TitleTaken),
    (400, v1(V1_TITLE), TitleTaken),
    (400, v1("Error parsing xhtml: Unexpected close tag"), Reject),
    (400, v1("There is an archival job already running"), Retry),
    (400, v2(400, "Cannot update an archived page"), Gone),
    (400, v1("something else"), Reject),
    (401, {"code": 401, "message": "Unauthorized; scope does not match"}, ScopeMissing),
    (401, {"code": 401, "message": "Unauthorized"}, AuthFailed),
    (403, v1("Current user not permitted to use Confluence"), AuthFailed),
    (404, v2(404, "Not Found"), Missing),
    (405, b"<html>", Reject),
    (409, v2("409", "Version must be incremented when updating a page. Current Version: [3]. Provided version: [3]"), Stale),
    (410, v1("GoneException: This deprecated endpoint has been removed."), Reject),
    (412, b"", Stale),
    (413, b"", Reject),
    (415, b"", Reject),
    (429, b"", Retry),
]


def answer(status: int, body: Any) -> requests.Response:
    made = requests.Response()
    made.status_code, made.reason = status, "Words"
    made._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    made.headers["atl-traceid"] = "899c1b2fe1944f63abd55e8e6e76f300"
    return made


@pytest.mark.parametrize(("status", "body", "kind"), CASES)
def test_each_answer_has_its_error(status: int, body: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        checked(answer(status, body), operation="update", remote_id="1")
    assert type(caught.value) is kind
    assert "899c1b2f" in caught.value.detail_for_operator  # type: ignore[attr-defined]  # every error of the family has it


def test_every_row_of_the_table_is_met() -> None:
    met: set[Failure] = set()
    for status, body, _ in CASES:
        try:
            checked(answer(status, body), operation="x")
        except Exception as error:  # noqa: BLE001  any of the table's
            met |= {f for f in TABLE if status in f.statuses and f.words == error.message_for_user}  # type: ignore[attr-defined]  # same
    assert set(TABLE) - met == set()


@pytest.mark.parametrize(("status", "kind"), [(302, Reject), (418, Reject), (500, Retry), (599, Retry)])
def test_what_is_in_no_row(status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        checked(answer(status, b"<html>" + b"x" * 10_000), operation="read")


def test_a_page_of_html_is_not_repeated_in_an_error() -> None:
    with pytest.raises(Retry) as caught:
        checked(answer(503, b"<html>token=secret</html>"), operation="read")
    assert "secret" not in str(caught.value)

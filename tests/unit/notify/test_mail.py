from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from plugin.notify.contract import Message, Undeliverable
from plugin.notify.mail import MailNotifier


class Server:
    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.answer = "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - the name that aiosmtpd calls
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def server() -> Iterator[tuple[Server, MailNotifier]]:
    handler = Server()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, ready_timeout=20)
    controller.start()
    yield handler, MailNotifier(host="127.0.0.1", port=port, security="none", sender="SOPwright <sop@example.com>")
    controller.stop()


def message(**more: Any) -> Message:
    given = {"id": "msg_1", "address": "ada@example.com", "subject": "Review due", "text": "Hello Ada", "html": "<p>Hello Ada</p>"}
    return Message(**{**given, **more})


def test_a_mail_has_text_html_a_stable_identity_and_one_click_unsubscribing(server: tuple[Server, MailNotifier]) -> None:
    handler, notifier = server
    notifier.send(message(unsubscribe_url="https://sop.example.com/links/abc"))
    mail = message_from_bytes(handler.mails[0], policy=default)
    assert (mail["To"], mail["Message-ID"]) == ("ada@example.com", "<msg_1@example.com>")
    assert mail["List-Unsubscribe"] == "<https://sop.example.com/links/abc>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_a_line_break_in_a_subject_adds_no_header(server: tuple[Server, MailNotifier]) -> None:
    handler, notifier = server
    notifier.send(message(subject="Due\r\nBcc: all@example.com"))
    mail = message_from_bytes(handler.mails[0], policy=default)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Due Bcc: all@example.com"


@pytest.mark.parametrize(("answer", "permanent"), [("550 no such user", True), ("451 try later", False)])
def test_a_refused_address_says_whether_it_is_for_good(server: tuple[Server, MailNotifier], answer: str, permanent: bool) -> None:
    handler, notifier = server
    handler.answer = answer
    with pytest.raises(Undeliverable) as refused:
        notifier.send(message())
    assert refused.value.permanent is permanent
    assert "ada@" not in str(refused.value)


def test_a_server_that_is_down_is_a_passing_trouble() -> None:
    with pytest.raises(Undeliverable) as refused:
        MailNotifier(host="127.0.0.1", port=1, security="none", sender="a@example.com").send(message())
    assert refused.value.permanent is False

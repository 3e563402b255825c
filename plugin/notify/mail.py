"""Mail: one multipart message (text and HTML) to one person over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from typing import Literal

from plugin.notify.contract import Message, Undeliverable

TIMEOUT_S = 30


class MailNotifier:
    """``sender`` is ``Name <address>``. Every message carries a stable Message-ID, so that a second copy is recognised as one."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: Literal["starttls", "tls", "none"],
        sender: str,
        user: str | None = None,
        password: Callable[[], str] = lambda: "",
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._sender, self._user, self._password = sender, user, password

    def send(self, message: Message) -> None:
        try:
            with self._connected() as smtp:
                smtp.send_message(self._mail(message))
        except smtplib.SMTPRecipientsRefused as error:
            code = next((code for code, _ in error.recipients.values()), 550)
            raise Undeliverable("the mail server does not take this address", permanent=code >= 500) from None
        except smtplib.SMTPAuthenticationError:
            raise Undeliverable("the mail server does not accept our account", permanent=False) from None
        except smtplib.SMTPResponseException as error:
            raise Undeliverable(f"the mail server answered {error.smtp_code}", permanent=500 <= error.smtp_code < 600) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Undeliverable(f"the mail server cannot be reached ({type(error).__name__})", permanent=False) from None

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=context)
        else:
            smtp = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
        try:
            if self._security == "starttls":
                smtp.starttls(context=context)
            if self._user:
                smtp.login(self._user, self._password())
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        domain = parseaddr(self._sender)[1].rpartition("@")[2] or "localhost"
        mail["From"] = self._sender
        mail["To"] = _one_line(message.address)
        mail["Subject"] = _one_line(message.subject)
        mail["Date"] = formatdate()
        mail["Message-ID"] = f"<{message.id}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        if message.unsubscribe_url:
            mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(message.text)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        return mail


def _one_line(value: str) -> str:
    return " ".join(value.split())

"""Tells people something: mail, chat, or the log where neither is set up."""

from __future__ import annotations

from plugin.notify.chat import ChatNotifier
from plugin.notify.contract import Channel, Notifier, Notifiers
from plugin.notify.log import LogNotifier
from plugin.notify.mail import MailNotifier
from plugin.settings import Settings


def notifiers_for(settings: Settings) -> Notifiers:
    """One notifier for each channel."""
    mail: Notifier = LogNotifier()
    if settings.smtp_host:
        mail = MailNotifier(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            sender=settings.mail_from,
            user=settings.smtp_user,
            password=settings.smtp_password.get_secret_value,
        )
    channels: dict[Channel, Notifier] = {
        "mail": mail,
        "chat": ChatNotifier(settings.chat_schemes.split(","), settings.allow_private_addresses),
    }
    return channels

"""Where no mail server is set: messages go to the log, without their text, so that a trial shows that something would be sent."""

from __future__ import annotations

import structlog

from plugin.notify.contract import Message

log = structlog.get_logger()


class LogNotifier:
    def send(self, message: Message) -> None:
        log.info("message_not_sent_no_mail_server", message_id=message.id, subject=message.subject)

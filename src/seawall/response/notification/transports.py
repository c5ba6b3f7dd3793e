"""Build a case's transports: its mail server and its recipients' webhooks, with secrets from files and the environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from seawall.response.errors import CaseInvalid
from seawall.response.notification.case_file import NotificationCase, Recipient
from seawall.response.notification.smtp import LetterTransport, MailTransport, check_security
from seawall.response.notification.webhook_transport import WebhookTransport
from seawall_base.secret_file import read_secret, secret_in
from seawall_base.webhook import Webhook

PASSWORD: Final = "SEAWALL_SMTP_PASSWORD"  # noqa: S105 - the name of a variable


def make_transports(case: NotificationCase, folder: Path) -> Callable[[Recipient, str], LetterTransport]:
    """Return a function from (recipient, way) to its transport.

    Paths of the case file are relative to `folder`. Raises CaseInvalid.
    """
    mail = _mail(case, folder) if any(recipient.email for recipient in case.recipients) else None

    def way(recipient: Recipient, name: str) -> LetterTransport:
        if name == "webhook":
            secret = _secret(folder, recipient.webhook_secret_file) if recipient.webhook_secret_file else ""
            return WebhookTransport(Webhook(recipient.webhook, secret))
        if mail is None:
            raise CaseInvalid(
                "the case file names no mail server",
                fix="add [smtp] to the case file (docs/how-to/notify.md)",
            )
        return mail

    return way


def _mail(case: NotificationCase, folder: Path) -> MailTransport | None:
    if case.smtp is None:
        return None
    check_security(case.smtp)
    password = ""
    if case.smtp.user:
        file = case.smtp.password_file
        password = _secret(folder, file) if file else secret_in(PASSWORD)
        if not password:
            raise CaseInvalid(
                "the mail server's password is missing", fix=f"set {PASSWORD}, or give smtp.password_file"
            )
    return MailTransport(case.smtp, case.sender.email, password)


def _secret(folder: Path, name: str) -> str:
    """Return the text of a file that only its owner can read."""
    return read_secret(folder / name, CaseInvalid, what="it", fix="check the case file")

"""Mail, by SMTP. Each recipient gets a message of their own, and is tried again alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal

from seawall.response.channels.channel import Channel, ChannelTable, read_password
from seawall.response.channels.http_sending import read_now
from seawall.response.channels.note import ChannelNote
from seawall.response.errors import CaseInvalid, ChannelsInvalid
from seawall.response.notification.case_file import MailServer, check_password
from seawall.response.notification.smtp import MailTransport, OutgoingLetter, check_security
from seawall_base.http_connection import trust_store
from seawall_base.http_url import FetchError
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import any_text, any_texts, form, number
from seawall_base.times import moment
from seawall_base.webhooks import DeliveryFailed

_address: Final = form(r"[!#-'*+\-/-9=?A-Z^-~.]{1,64}@[A-Za-z0-9.-]{1,253}", "name@example.org")
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
COLOURS: Final = {
    "info": "#5b6770",
    "low": "#2563a8",
    "medium": "#8a6100",
    "high": "#b34700",
    "critical": "#b00020",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailChannel(ChannelTable):
    """`[[mail]]`: recipients of mail, by an SMTP server."""

    CHECKS: ClassVar = (check_password,)

    host: Annotated[
        str,
        SettingDescription(
            "name or address of the mail server", form(r"[A-Za-z0-9.:_-]{1,253}", '"mail.example.com"')
        ),
    ]
    sender: Annotated[str, SettingDescription("address that the mail comes from", _address)]
    to: Annotated[
        tuple[str, ...], SettingDescription("addresses that get the mail", any_texts(_address, least=1))
    ]
    port: Annotated[
        int | None,
        SettingDescription("port of the server; by default 587, or 465 with `tls`", number(int, 1, 65535)),
    ] = None
    security: Annotated[
        Literal["starttls", "tls", "none"],
        SettingDescription("encryption; `none` only for a server on this machine"),
    ] = "starttls"
    user: Annotated[
        str, SettingDescription("user name at the server; without it, Seawall does not sign in", any_text())
    ] = ""
    password_file: Annotated[str, SettingDescription("file with the password, mode 0600", is_file=True)] = ""
    ca_file: Annotated[
        str, SettingDescription("certificates (PEM) to trust instead of the system's", is_file=True)
    ] = ""
    timeout: Annotated[
        float, SettingDescription("seconds for one answer of the server", number(float, 0.05, 600))
    ] = 30.0

    @property
    def target(self) -> str:
        """Return the name by which the outbox knows the channel: with the address, if it has one."""
        return f"channel {self.name}: {self.to[0]}" if len(self.to) == 1 else f"channel {self.name}"

    def parts(self) -> Sequence[Channel]:
        """Return a channel for each recipient."""
        return [replace(self, to=(address,)) for address in dict.fromkeys(self.to)]

    def check(self) -> None:
        """Check the encryption, and read the password once. Raises `ChannelsInvalid`."""
        try:
            check_security(self._server())
            if self.ca_file:
                trust_store(Path(self.ca_file))
        except (CaseInvalid, FetchError) as error:
            raise ChannelsInvalid(
                str(error), fix='set security = "starttls" or "tls", and check ca_file'
            ) from None
        if self.user:
            if not self.password_file:
                raise ChannelsInvalid("user needs a password", fix="set password_file")
            read_password(self.password_file)

    def send(self, note: ChannelNote) -> None:
        """Send the mail to the first recipient. Raises `DeliveryFailed`."""
        password = read_now(read_password, self.password_file)[0] if self.user else ""
        address = self.to[0]
        message = make_mail(note, self.sender, address)
        letter = OutgoingLetter(
            recipient=self.name,
            target=address,
            key=str(message["Message-ID"]),
            content=message.as_bytes(),
            at=note.at,
        )
        outcome = MailTransport(self._server(), self.sender, password).deliver(letter)
        if outcome.state != "sent":
            raise DeliveryFailed(
                f"mail: {outcome.reason}",
                is_final=outcome.is_final,
                may_have_arrived=outcome.state == "unsure",
            )

    def _server(self) -> MailServer:
        return MailServer(
            host=self.host,
            port=self.port,
            security=self.security,
            user=self.user,
            ca_file=self.ca_file,
            timeout=self.timeout,
        )


def make_mail(note: ChannelNote, sender: str, recipient: str) -> EmailMessage:
    """Return the mail: plain text and HTML. Its Message-ID is the same in all attempts; mails of one attack are one thread."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["Subject"] = f"[Seawall] [{note.level}] {note.title}"
    mail["From"] = f"Seawall <{sender}>"
    mail["To"] = recipient
    mail["Date"] = format_datetime(moment(note.at))
    domain = sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{note.id}@{domain}>"
    if _ID.fullmatch(note.attack):
        mail["References"] = f"<seawall-attack-{note.attack}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Seawall-Kind"] = note.kind
    if note.level in {"high", "critical"}:
        mail["Importance"] = "high"
    mail.set_content(f"{note.title}\n\n{note.text()}\n")
    mail.add_alternative(make_html(note), subtype="html")
    return mail


def make_html(note: ChannelNote) -> str:
    """Return the page: no scripts, no images, nothing that is loaded."""
    lines = "".join(f"<li>{escape(line)}</li>" for line in note.lines)
    cell = "padding:2px 12px 2px 0;vertical-align:top"
    facts = "".join(
        f'<tr><th style="{cell};text-align:left">{escape(name)}</th><td style="{cell}">{escape(value)}</td></tr>'
        for name, value in note.facts
    )
    link = f'<p><a href="{escape(note.link)}">Open in Seawall</a></p>' if note.link else ""
    return (
        '<!doctype html><html lang="en"><body style="font-family:sans-serif;max-width:42em">'
        f'<h1 style="font-size:1.2em;color:{COLOURS[note.level]}">{escape(note.title)}</h1>'
        f"{f'<ul>{lines}</ul>' if lines else ''}<table>{facts}</table>{link}</body></html>"
    )

"""Read the case file: facts that only the operator knows. TOML; an unknown key is an error.

Names of people and organisations may come from logs. Values that could inject into a header, path or line are refused
here, so later code need not check them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal
from zoneinfo import ZoneInfo

from seawall.response.errors import CaseInvalid
from seawall_base.safe_text import visible
from seawall_base.settings_reader import SettingsErrors
from seawall_base.settings_table import SettingDescription, load_table
from seawall_base.settings_values import (
    InvalidValue,
    Reader,
    any_text,
    any_texts,
    form,
    number,
    or_empty,
    unquoted_url,
)

LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 4_000
Fault = tuple[str, str, str]
RecipientKind = Literal["owner", "organisation"]
Way = Literal["mail", "webhook"]

_ADDRESS: Final = (
    r"(?=.{3,254}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
"""A mail address that needs no quoting in headers and SMTP; international domains in ASCII form."""

_identifier: Final = form(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "letters, digits and . _ -, with no dot in front"
)
"""A name usable for files and folders: no separator, no leading dot."""

_text: Final = any_text(LONGEST_TEXT)
_texts: Final = any_texts(any_text(LONGEST_TEXT))
_address: Final = form(_ADDRESS, '"anna@example.org"', meaning="a plain address")


def _line(value: Any) -> str:
    """Parse one line without control characters, at most as long as a name."""
    found: str = any_text()(value)
    if len(found) > LONGEST_NAME or visible(found, LONGEST_NAME) != found:
        raise InvalidValue(
            "holds control characters or is too long", f"write one line of at most {LONGEST_NAME} characters"
        )
    return found


def _zone(value: Any) -> str:
    """Parse the name of a time zone."""
    found: str = any_text()(value)
    try:
        ZoneInfo(found)
    except (KeyError, ValueError, OSError):
        raise InvalidValue(
            f"{visible(found, 60)!r} is not known here", "write Europe/Berlin, or UTC"
        ) from None
    return found


def _fill(read: Reader) -> Reader:
    """Wrap a reader so that it refuses empty values.

    A generated case file has empty lines for the operator to fill in.
    """

    def read_filled(value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            raise InvalidValue("is empty", "nobody but you knows it: fill it in")
        return read(value)

    return read_filled


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """`[case]`: the case. Deadlines run from `aware`."""

    id: Annotated[
        str, SettingDescription("name of the case and its files: letters, digits, `. _ -`", _identifier)
    ]
    aware: Annotated[
        datetime,
        SettingDescription("when the organisation became aware, with offset from UTC; deadlines start then"),
    ]
    zone: Annotated[str, SettingDescription("time zone of times in letters", _zone)] = "UTC"
    title: Annotated[str, SettingDescription("title of the case, printed on every letter", _text)] = ""
    contained: Annotated[datetime | None, SettingDescription("when the attacker's access ended")] = None
    next_update: Annotated[datetime | None, SettingDescription("when recipients get the next update")] = None
    personal_data: Annotated[bool, SettingDescription("whether the GDPR may apply")] = True
    high_risk: Annotated[bool, SettingDescription("whether Article 34 of the GDPR may apply")] = True
    nis2: Annotated[bool, SettingDescription("whether NIS2 may apply")] = False
    trust_service: Annotated[
        bool, SettingDescription("whether the organisation provides trust services: 24 hours instead of 72")
    ] = False
    sector: Annotated[str, SettingDescription("the sector, for your own records", _text)] = ""
    tlp: Annotated[
        Literal["clear", "green", "amber", "red"],
        SettingDescription("TLP marking of the machine-readable package: how far it may be shared"),
    ] = "amber"


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSender:
    """`[sender]`: the author of the letters, and the contact for questions."""

    organisation: Annotated[str, SettingDescription("name of the organisation that writes", _fill(_line))]
    name: Annotated[str, SettingDescription("the person who answers questions", _fill(_line))]
    email: Annotated[str, SettingDescription("e-mail address for questions", _fill(_address))]
    phone: Annotated[str, SettingDescription("telephone number in the letter", _line)] = ""
    role: Annotated[str, SettingDescription("role of the person, in the letter", _line)] = ""
    street: Annotated[
        str, SettingDescription("postal address in the letter; may have several lines", _text)
    ] = ""
    hours: Annotated[str, SettingDescription("hours in which somebody answers, in the letter", _line)] = ""
    acknowledge_url: Annotated[
        str,
        SettingDescription(
            "a page of the sender's own where the code of a letter can be entered",
            or_empty(form(r"https://[\x21-\x7e]{1,500}", "https://host/path")),
            kind="URL",
        ),
    ] = ""


def check_password(smtp: Any) -> Iterator[Fault]:
    """Yield a fault if a password would be sent unencrypted."""
    if smtp.user and smtp.security == "none":
        yield "user", "with security none would send the password in the clear", 'set security = "starttls"'


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """`[smtp]`: the mail server for outgoing letters. Without this table nothing is sent by mail."""

    CHECKS: ClassVar = (check_password,)

    host: Annotated[
        str,
        SettingDescription(
            "the server's name or address", form(r"[A-Za-z0-9.:_-]{1,253}", '"mail.example.com"')
        ),
    ]
    port: Annotated[
        int | None,
        SettingDescription("port of the server; by default 587, or 465 with `tls`", number(int, 0, 65535)),
    ] = None
    security: Annotated[
        Literal["starttls", "tls", "none"],
        SettingDescription("encryption; `none` only for a server on this machine"),
    ] = "starttls"
    user: Annotated[
        str, SettingDescription("user name at the server; without it, Seawall does not sign in")
    ] = ""
    password_file: Annotated[
        str,
        SettingDescription("file with the password; without it, `SEAWALL_SMTP_PASSWORD` has it", kind="path"),
    ] = ""
    ca_file: Annotated[
        str,
        SettingDescription(
            "certificates (PEM) to trust instead of the system's; relative to the working folder",
            kind="path",
        ),
    ] = ""
    bounce_address: Annotated[
        str,
        SettingDescription(
            "address for reports of failed deliveries; by default the sender's", or_empty(_address)
        ),
    ] = ""
    timeout: Annotated[
        float,
        SettingDescription("time limit for one answer of the server, in seconds", number(float, 0.001, 600)),
    ] = 60.0

    @property
    def place(self) -> tuple[str, int]:
        """Return host and port."""
        return self.host, self.port or (465 if self.security == "tls" else 587)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTexts:
    """`[texts.LANGUAGE]`: the operator's own additions in one language."""

    title: Annotated[
        str, SettingDescription("title in this language, instead of the title of the case", _text)
    ] = ""
    happened: Annotated[str, SettingDescription("what happened", _text)] = ""
    measures: Annotated[tuple[str, ...], SettingDescription("what was done, one sentence each", _texts)] = ()
    unknown: Annotated[
        tuple[str, ...],
        SettingDescription("what is not known, in addition to what the analysis says", _texts),
    ] = ()
    advice: Annotated[tuple[str, ...], SettingDescription("what recipients should do first", _texts)] = ()
    correction: Annotated[str, SettingDescription("why a later version differs", _text)] = ""


def check_who(recipient: Any) -> Iterator[Fault]:
    """Yield a fault for an owner without mailboxes, or an organisation without a name."""
    if recipient.kind == "owner" and not recipient.mailboxes:
        yield "mailboxes", "an owner has mailboxes", 'list them: mailboxes = ["anna@example.org"]'
    if recipient.kind == "organisation" and not recipient.organisation:
        yield "organisation", "is missing for an organisation", "name it as the scope names it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """`[[recipients]]`: a person or organisation to notify: the owner of mailboxes, or a whole organisation."""

    CHECKS: ClassVar = (check_who,)

    id: Annotated[
        str,
        SettingDescription(
            "name of the recipient's folder: letters, digits, `. _ -`", _identifier, unique=str.casefold
        ),
    ]
    kind: Annotated[
        RecipientKind, SettingDescription("`owner` of mailboxes, or `organisation` with all its mailboxes")
    ]
    name: Annotated[str, SettingDescription("name of the recipient in the letter", _fill(_line))]
    language: Annotated[
        str, SettingDescription("language of the letter; if there are `[texts]`, one must be in it")
    ] = "en"
    street: Annotated[str, SettingDescription("postal address, for a printed letter", _text)] = ""
    organisation: Annotated[str, SettingDescription("the tenant, as the scope names it")] = ""
    mailboxes: Annotated[tuple[str, ...], SettingDescription("the owner's mailboxes")] = ()
    email: Annotated[str, SettingDescription("e-mail address for the letter", or_empty(_address))] = ""
    webhook: Annotated[
        str, SettingDescription("webhook URL for the letter", or_empty(unquoted_url), kind="URL")
    ] = ""
    webhook_secret_file: Annotated[
        str, SettingDescription("file with the secret that signs messages to the webhook", kind="path")
    ] = ""
    drops_repeats: Annotated[
        bool,
        SettingDescription(
            "whether the webhook's receiver drops repeats of a `webhook-id`; Seawall then resends an unsure message automatically"
        ),
    ] = False
    uses_affected_mailbox: Annotated[
        bool,
        SettingDescription("whether to allow a letter to a mailbox that the intruder may read"),
    ] = False

    @property
    def ways(self) -> tuple[Way, ...]:
        """Return how this recipient is notified: mail, webhook, or both."""
        named: tuple[tuple[Way, str], ...] = (("mail", self.email), ("webhook", self.webhook))
        return tuple(way for way, target in named if target)

    def is_called(self, who: str) -> bool:
        """Return whether `who` is the recipient's id, name, address, mailbox or organisation."""
        names = (self.id, self.name, self.email, *self.mailboxes)
        if self.kind == "organisation":
            names = (*names, self.organisation)
        return who.casefold() in {name.casefold() for name in names if name}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationCase:
    """The whole case file."""

    case: Annotated[CaseFacts, SettingDescription("the case")]
    sender: Annotated[LetterSender, SettingDescription("who writes the letters")]
    smtp: Annotated[MailServer | None, SettingDescription("the mail server that takes the letters")] = None
    texts: Annotated[dict[str, OperatorTexts], SettingDescription("your own words by language")] = field(
        default_factory=dict
    )
    recipients: Annotated[tuple[Recipient, ...], SettingDescription("the recipients of letters")] = ()

    def recipient(self, id_: str) -> Recipient:
        """Return the recipient with this id. Raises CaseInvalid."""
        for recipient in self.recipients:
            if recipient.id == id_:
                return recipient
        raise CaseInvalid(
            f"the case has no recipient {visible(id_, 100)!r}", fix="see [[recipients]] in the case file"
        )

    def find_recipient(self, who: str) -> Recipient:
        """Return the one recipient with this id, name, address or mailbox. Raises CaseInvalid."""
        found = [recipient for recipient in self.recipients if recipient.is_called(who)]
        if len(found) > 1 and not any(recipient.id == who for recipient in found):
            ids = ", ".join(recipient.id for recipient in found[:5])
            raise CaseInvalid(
                f"{visible(who, 100)!r} is more than one recipient", fix=f"give one id of {ids}"
            )
        return found[0] if len(found) == 1 else self.recipient(who)


def read_case(path: Path) -> NotificationCase:
    """Read and check a case file. Raises CaseInvalid with every fault and its line."""
    return load_table(
        NotificationCase,
        path,
        CaseInvalid,
        give="`seawall respond notify begin case --scope scope/scope.json` writes one to start from",
        described="every line is described in docs/reference/settings.md",
        check=_check_languages,
    )


def _check_languages(document: Mapping[str, Any], faults: SettingsErrors) -> None:
    """Add a fault for each recipient whose language lacks operator texts: no letter may be partly translated."""
    texts, recipients = document.get("texts"), document.get("recipients")
    if not isinstance(texts, dict) or not texts or not isinstance(recipients, list):
        return
    for number_, recipient in enumerate(recipients):
        language = recipient.get("language", "en") if isinstance(recipient, dict) else None
        if isinstance(language, str) and language not in texts:
            shown = visible(language, 20)
            faults.add(
                ("recipients", number_, "language"),
                f"the recipient reads {shown!r}, but [texts.{shown}] is missing",
                f"add [texts.{shown}], or set language to one of: {', '.join(visible(one, 20) for one in texts)}",
            )

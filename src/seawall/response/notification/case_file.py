"""The case file: what an operator says about a case that no log can know. TOML; an unknown key is an error.

Names of people and organisations may have come from logs. Whatever could steer a header, a path or a line is refused here, so
that nothing after it has to wonder.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from seawall.response.errors import CaseInvalid
from seawall_base.regular_files import open_file
from seawall_base.safe_text import visible
from seawall_base.webhook import Webhook

LARGEST: Final = 4 * 1024 * 1024
LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 4_000

Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""What files and folders may be called after: no separator, no dot in front."""

Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
RecipientKind = Literal["owner", "organisation"]
Way = Literal["mail", "webhook"]

_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
"""An address as it may stand in a header and in SMTP without quoting; other scripts' domains in their ASCII form."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file."""


class CaseFacts(_Part, frozen=True, kw_only=True):
    """The case. `aware` is when the organisation became aware, with its offset; deadlines run from it.

    `zone` is the zone that letters write times in. `contained` is when the access was ended, `next_update` when recipients hear
    again.
    """

    id: Id
    aware: datetime
    zone: str = "UTC"
    title: Text = ""
    contained: datetime | None = None
    next_update: datetime | None = None
    personal_data: bool = True
    high_risk: bool = True
    nis2: bool = False
    trust_service: bool = False
    sector: Text = ""
    tlp: Literal["clear", "green", "amber", "red"] = "amber"


class Sender(_Part, frozen=True, kw_only=True):
    """Who writes the letters, and where questions go."""

    organisation: Text
    name: Text
    email: str
    phone: Text = ""
    role: Text = ""
    street: Text = ""
    hours: Text = ""
    acknowledge_url: str = ""
    """A page of the sender's own where the code of a letter can be entered."""


class Smtp(_Part, frozen=True, kw_only=True):
    """The mail server that takes the letters. Without `user` nobody signs in; the password is in a file or the environment."""

    host: str
    port: int | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: str = ""
    ca_file: str = ""
    bounce_address: str = ""
    timeout: Annotated[float, msgspec.Meta(gt=0, le=600)] = 60.0

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or (465 if self.security == "tls" else 587)


class Words(_Part, frozen=True, kw_only=True):
    """What the operator adds in one language. `title` replaces the case's, `correction` says why a later version differs."""

    title: Text = ""
    happened: Text = ""
    measures: tuple[Text, ...] = ()
    unknown: tuple[Text, ...] = ()
    advice: tuple[Text, ...] = ()
    correction: Text = ""


class Recipient(_Part, frozen=True, kw_only=True):
    """Who is told: the owner of mailboxes, or an organisation with all that it has.

    `organisation` is the tenant as the scope names it. `uses_affected_mailbox` allows a letter into a mailbox that the
    intruder may read. `drops_repeats` says that the webhook's receiver keeps one message of each `webhook-id`.
    """

    id: Id
    kind: RecipientKind
    name: str
    language: str = "en"
    street: Text = ""
    organisation: str = ""
    mailboxes: tuple[str, ...] = ()
    email: str = ""
    webhook: str = ""
    webhook_secret_file: str = ""
    drops_repeats: bool = False
    uses_affected_mailbox: bool = False

    @property
    def ways(self) -> tuple[Way, ...]:
        """How this recipient is told."""
        named: tuple[tuple[Way, str], ...] = (("mail", self.email), ("webhook", self.webhook))
        return tuple(way for way, target in named if target)

    def is_called(self, who: str) -> bool:
        """Whether this is the recipient's id, name or address, a mailbox of theirs, or the organisation."""
        names = (self.id, self.name, self.email, *self.mailboxes)
        if self.kind == "organisation":
            names = (*names, self.organisation)
        return who.casefold() in {name.casefold() for name in names if name}


class Case(_Part, frozen=True, kw_only=True):
    """The whole file. `texts` are the operator's words by language."""

    case: CaseFacts
    sender: Sender
    smtp: Smtp | None = None
    texts: dict[str, Words] = {}
    recipients: tuple[Recipient, ...] = ()

    def recipient(self, id_: str) -> Recipient:
        """Return one recipient. Raises CaseInvalid."""
        for recipient in self.recipients:
            if recipient.id == id_:
                return recipient
        raise CaseInvalid(
            f"the case has no recipient {visible(id_, 100)!r}", fix="see [[recipients]] in the case file"
        )

    def meant(self, who: str) -> Recipient:
        """Return the one recipient of this id, name, address or mailbox. Raises CaseInvalid."""
        found = [recipient for recipient in self.recipients if recipient.is_called(who)]
        if len(found) > 1 and not any(recipient.id == who for recipient in found):
            ids = ", ".join(recipient.id for recipient in found[:5])
            raise CaseInvalid(
                f"{visible(who, 100)!r} is more than one recipient", fix=f"give one id of {ids}"
            )
        return found[0] if len(found) == 1 else self.recipient(who)


def read_case(path: Path) -> Case:
    """Return the case of a file. Raises CaseInvalid with what is wrong and where."""
    fix = "`seawall respond notify begin case --scope scope/scope.json` writes one to start from"
    try:
        with open_file(path) as source:
            content = source.read(LARGEST + 1)
    except OSError as error:
        raise CaseInvalid(f"{path}: {error.strerror or error}", fix=fix) from error
    if len(content) > LARGEST:
        raise CaseInvalid(f"{path}: larger than {LARGEST:,} bytes", fix=fix)
    try:
        case = msgspec.toml.decode(content, type=Case)
    except (ValueError, RecursionError) as error:
        raise CaseInvalid(f"{path}: {_plainly(str(error))}", fix="see docs/how-to/notify.md") from error
    faults = tuple(_faults(case))
    if faults:
        raise CaseInvalid(
            f"{path}: {faults[0]}",
            details=[f"{path}: {fault}" for fault in faults],
            fix="see docs/how-to/notify.md",
        )
    return case


def _plainly(error: str) -> str:
    """What is wrong with the shape of a file, in the file's own words: `case.aware is missing`."""
    found = re.fullmatch(
        r"Object (missing required|contains unknown) field `(.+?)`(?: - at `\$\.?(.*)`)?", error, re.DOTALL
    )
    if found is None:
        return error
    kind, field, place = found.groups()
    name = visible(f"{place}.{field}" if place else field, LONGEST_NAME)
    return f"{name} is missing" if kind == "missing required" else f"{name} is no key of a case file"


def _faults(case: Case) -> list[str]:
    faults = _case_faults(case) + _sender_faults(case)
    seen: set[str] = set()
    for recipient in case.recipients:
        if recipient.id.casefold() in seen:
            faults.append(f"recipient {recipient.id} is there twice")
        seen.add(recipient.id.casefold())
        faults += [f"recipient {recipient.id}: {fault}" for fault in _recipient_faults(case, recipient)]
    return faults


def _case_faults(case: Case) -> list[str]:
    faults = [
        f"case.{name} names no offset from UTC; write 2026-11-20T09:30:00+01:00"
        for name in ("aware", "contained", "next_update")
        if (time := getattr(case.case, name)) is not None and time.tzinfo is None
    ]
    try:
        ZoneInfo(case.case.zone)
    except (KeyError, ValueError, OSError):
        faults.append(
            f"case.zone {visible(case.case.zone, 60)!r} is not known here; write Europe/Berlin, or UTC"
        )
    return faults


def _sender_faults(case: Case) -> list[str]:
    sender, smtp = case.sender, case.smtp
    faults = [
        f"sender.{name} holds control characters or is too long"
        for name in ("organisation", "name", "phone", "role", "hours")
        if not _is_line(getattr(sender, name))
    ]
    faults += [
        f"sender.{name} is empty"
        for name in ("organisation", "name", "email")
        if not getattr(sender, name).strip()
    ]
    if sender.email.strip() and not _ADDRESS.fullmatch(sender.email):
        faults.append("sender.email is no plain address")
    if sender.acknowledge_url and not re.fullmatch(r"https://[\x21-\x7e]{1,500}", sender.acknowledge_url):
        faults.append("sender.acknowledge_url is not https://")
    if smtp is not None:
        if not re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", smtp.host):
            faults.append("smtp.host is no name or address of a host")
        if smtp.bounce_address and not _ADDRESS.fullmatch(smtp.bounce_address):
            faults.append("smtp.bounce_address is no plain address")
        if smtp.user and smtp.security == "none":
            faults.append("smtp.user with smtp.security none would send the password in the clear")
    return faults


def _recipient_faults(case: Case, recipient: Recipient) -> list[str]:
    faults = []
    if not recipient.name.strip() or not _is_line(recipient.name):
        faults.append("the name is empty, too long, or holds control characters")
    if recipient.email and not (_ADDRESS.fullmatch(recipient.email) and len(recipient.email) <= 254):
        faults.append("the email is no plain address")
    if recipient.webhook:
        try:
            Webhook(recipient.webhook)
        except Exception as error:  # noqa: BLE001 - said with all the other faults
            faults.append(str(error))
    if recipient.kind == "owner" and not recipient.mailboxes:
        faults.append("an owner has mailboxes")
    if recipient.kind == "organisation" and not recipient.organisation:
        faults.append("an organisation is named as the scope names it, in `organisation`")
    if case.texts and recipient.language not in case.texts:
        faults.append(
            f"reads {visible(recipient.language, 20)!r}, but [texts.{visible(recipient.language, 20)}] is missing"
        )
    return faults


def _is_line(text: str) -> bool:
    """Whether a text is one line that steers nothing and is no longer than a name."""
    return len(text) <= LONGEST_NAME and visible(text, LONGEST_NAME) == text

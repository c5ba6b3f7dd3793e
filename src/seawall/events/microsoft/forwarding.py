"""Judge whether mail is forwarded inside or outside the organisation, from one Exchange record.

`inside` needs certainty: every target is an address in a domain that the record itself proves to be the organisation's.
Anything that is not completely parsed (display names, directory names, other list formats) is not inside. High-level rules
skip `inside`, so every doubt counts as outside for them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from seawall.events.formats.json_values import encode, read_structure

TARGET: Final = "ForwardingTarget"
"""Parameter with the forwarding target: `inside`, `outside`, `unknown`, or `none` if forwarding was removed."""

_MAILBOX: Final = frozenset({"forwardingsmtpaddress", "forwardingaddress"})
_INBOX_RULE: Final = frozenset({"forwardto", "redirectto", "forwardasattachmentto"})
_TRANSPORT_RULE: Final = frozenset({"blindcopyto", "copyto", "redirectmessageto", "addtorecipients"})
_ACTIONS: Final = frozenset({"ruleactions"})
_TARGETS: Final[Mapping[str, frozenset[str]]] = {
    "Set-Mailbox": _MAILBOX,
    "New-InboxRule": _INBOX_RULE, "Set-InboxRule": _INBOX_RULE,
    "New-TransportRule": _TRANSPORT_RULE, "Set-TransportRule": _TRANSPORT_RULE,
    "UpdateInboxRules": _ACTIONS,
}  # fmt: skip
"""Parameters (lower case) of each operation that name the recipients of forwarded mail."""
_OWNER: Final = {"Set-Mailbox": "Identity", "New-InboxRule": "Mailbox", "Set-InboxRule": "Mailbox"}
"""Parameter that names the mailbox. A rule's identity starts with a name of its creator's choice, so it is not used."""
OPERATIONS: Final = tuple(_TARGETS)
"""Operations that can forward mail."""

NO_TARGET: Final = frozenset({"", "$null", "[]", "{}"})
"""Spellings of a removed target."""

_MEMBERS: Final = frozenset({"0", "2", "Regular", "Admin"})
"""User types of the organisation's own people. Partners, guests, applications and data centres have others."""
_WITHIN: Final = frozenset({"false", "False"})
_LONGEST, _LONGEST_LABEL = 4_096, 63

_LABELS = r"[-0-9a-z\u0080-\U0010ffff]+(?:\.[-0-9a-z\u0080-\U0010ffff]+)+"
_FLAGS = re.ASCII | re.IGNORECASE
_DOMAIN = re.compile(_LABELS, _FLAGS)
_MEMBER = re.compile(rf"[^\s@#\"\\/<>\[\]():;,]+@({_LABELS})", _FLAGS)
_ADDRESS = rf"(?!imcea)[0-9a-z][-0-9a-z._'+]*@({_LABELS})"
"""Matches plain addresses.

Excludes source routes (`%`, `!`), guests (`#EXT#`), encapsulated (`IMCEA`) and rewritten (`=`) ones.
"""
_NAME = r"(?:\"[^\"\\@\[\]<>]*\"|[\w.'-]+(?: [\w.'-]+)*)?"
_RECIPIENT = re.compile(
    rf"\s?(?:(?:smtp:|mailto:)?{_ADDRESS}|{_NAME}\s?(?:\[smtp:{_ADDRESS}\]|<{_ADDRESS}>))\s?(?:[;,]|\Z)",
    _FLAGS,
)
"""Matches one recipient of a list. The expression is unambiguous, so its time is linear in the text."""
_FORWARDS = re.compile(r"forward|redirect", re.IGNORECASE)
_ANY_ADDRESS = re.compile(r"@([-0-9a-z.\u0080-\U0010ffff]+)", _FLAGS)


def own_domains(
    user: str | None,
    user_type: str | None,
    owner: str | None,
    external: str | None,
    organisation: str | None,
) -> tuple[str | None]:
    """Return the domains that a record proves to be the organisation's, separated by blanks, or None.

    They are the tenant's name (`OrganizationName`) and the domain of the mailbox owner (`MailboxOwnerUPN`). The acting
    user's domain is one if the record says that he is a member (`UserType`, and `ExternalAccess` is false).
    """
    found = [_canonical(organisation) if organisation and _DOMAIN.fullmatch(organisation) else None]
    found.append(_domain_of(owner))
    if user_type in _MEMBERS and external in _WITHIN:
        found.append(_domain_of(user))
    return (" ".join(dict.fromkeys(filter(None, found))) or None,)


def with_target(
    operation: str | None, parameters: Mapping[str, str | None], domains: str | None
) -> dict[str, str | None]:
    """Return a record's parameters, with `TARGET` added if they name a forwarding recipient.

    A parameter of that name in the record itself is dropped. `domains` are those of `own_domains`.
    """
    found = {name: value for name, value in parameters.items() if name.lower() != TARGET.lower()}
    names = _TARGETS.get(operation or "", frozenset())
    texts = [value or "" for name, value in found.items() if name.lower() in names]
    own = frozenset(
        filter(None, [*(domains or "").split(), _domain_of(found.get(_OWNER.get(operation or "", "")))])
    )
    target = _of_actions(texts, own) if names is _ACTIONS else _of_recipients(texts, own)
    return {**found, TARGET: target} if target else found


def _of_recipients(texts: Iterable[str], own: frozenset[str]) -> str | None:
    """Return where the recipients in parameters are; None if no parameter names any."""
    texts = list(texts)
    held = [text for text in texts if text.strip() not in NO_TARGET]
    if not held:
        return "none" if texts else None
    return _judge(held, [read_structure(text) for text in held], own)


def _of_actions(texts: Iterable[str], own: frozenset[str]) -> str | None:
    """Return where a client rule forwards to (`[{"ActionType":"Forward","Recipients":["ann@example.com"]}]`)."""
    texts = list(filter(_FORWARDS.search, texts))
    recipients: list[Any] = []
    for actions in map(read_structure, texts):
        for action in actions if isinstance(actions, list) else [None]:
            members = action if isinstance(action, dict) else {}
            kind = members.get("ActionType")
            if not isinstance(kind, str):
                recipients.append(None)
            elif _FORWARDS.search(kind):
                recipients.append(members.get("Recipients"))
    return _judge(texts, recipients, own) if texts else None


def _judge(texts: Iterable[str], recipients: list[Any], own: frozenset[str]) -> str:
    """Return where recipients are:

    `inside` if all are parsed and in own domains, `outside` if an address is not, else `unknown`.
    """
    plain = [
        text if isinstance(read_structure(text), str) else encode(read_structure(text)) for text in texts
    ]
    if not own or max(map(len, plain)) > _LONGEST:
        return "unknown"
    mentioned = {_canonical(domain) for text in plain for domain in _ANY_ADDRESS.findall(text)}
    if not mentioned <= own:
        return "outside"
    return "inside" if recipients and all(_are_inside(some, own) for some in recipients) else "unknown"


def _are_inside(recipients: Any, own: frozenset[str]) -> bool:
    """Return whether a text, or a list of texts, consists of addresses in own domains."""
    if isinstance(recipients, list):
        return bool(recipients) and all(isinstance(one, str) and _are_inside(one, own) for one in recipients)
    if not isinstance(recipients, str) or not recipients:
        return False
    place = 0
    while place < len(recipients):
        recipient = _RECIPIENT.match(recipients, place)
        if recipient is None or _canonical(next(filter(None, recipient.groups()))) not in own:
            return False
        place = recipient.end()
    return True


def _domain_of(member: str | None) -> str | None:
    """Return the domain of a member's name; None for anything but a plain address, such as a guest (`#EXT#`)."""
    found = _MEMBER.fullmatch(member.strip()) if member and len(member) <= _LONGEST else None
    return _canonical(found[1]) if found else None


def _canonical(domain: str) -> str:
    """Return a domain in its DNS form, lower case: `München.example` becomes `xn--mnchen-3ya.example`.

    No letter is replaced by another, as older encodings replace `ß`. A label that is too long stays unchanged.
    """
    if domain.isascii():
        return domain.lower()
    labels = (unicodedata.normalize("NFC", label.lower()) for label in domain.split("."))
    return ".".join(
        label
        if label.isascii() or len(label) > _LONGEST_LABEL
        else f"xn--{label.encode('punycode').decode()}"
        for label in labels
    )

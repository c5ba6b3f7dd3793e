"""Say in a few words what a mail rule does, and to which mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import msgspec

from seawall.events.changes.objects import is_on, shorten_directory_name
from seawall.events.changes.records import ChangeRecord

_ACTIONS: Final = (
    (("ForwardTo", "RedirectTo", "ForwardAsAttachmentTo"), "sends {it} on to {}"),
    (("DeleteMessage", "SoftDeleteMessage", "SoftDelete", "PermanentDelete"), "deletes {it}"),
    (("MoveToFolder",), "moves {it} to {}"),
    (("CopyToFolder",), "copies {it} to {}"),
    (("MarkAsRead",), "marks {it} as read"),
)
_CONDITIONS: Final = (
    (("From", "FromAddressContainsWords"), "from {}"),
    (("SubjectContainsWords", "BodyContainsWords", "SubjectOrBodyContainsWords"), "with {}"),
    (("SentTo", "RecipientAddressContainsWords"), "to {}"),
    (("MyNameInToBox", "SentOnlyToMe"), "addressed to the owner"),
)
_FLOW: Final = (
    (("BlindCopyTo",), "sends blind copies of {it} to {}"),
    (("CopyTo", "AddToRecipients"), "sends copies of {it} to {}"),
    (("RedirectMessageTo",), "redirects {it} to {}"),
    (("JournalEmailAddress",), "sends copies of {it} to {}"),
    (("DeleteMessage",), "deletes {it}"),
)
_LONGEST: Final = 80

_Words = tuple[tuple[tuple[str, ...], str], ...]


def describe_inbox_rule(record: ChangeRecord) -> str:
    """Return what an inbox rule does, such as `deletes mail from it@example.org`; "" if the record does not say."""
    return _describe(_with_actions(record), _ACTIONS)


def describe_flow_rule(record: ChangeRecord) -> str:
    """Return what a rule of the organisation's mail flow does; "" if the record does not say."""
    return _describe(record, _FLOW)


def _describe(record: ChangeRecord, actions: _Words) -> str:
    mail = " ".join(("mail", *_tell(record, _CONDITIONS, "it")))
    first = _tell(record, actions, mail)[:1]
    return " and ".join((*first, *_tell(record, actions, "it")[1:]))


def _tell(record: ChangeRecord, words: _Words, it: str) -> list[str]:
    """Return the words of the parameters that are set, with their values; `it` are the words for the mail."""
    told = []
    for names, text in words:
        name = next((one for one in names if is_on(record, one)), None)
        if name is not None:
            told.append(text.format(_plain(record.text(name)), it=it))
    return told


def _plain(value: str) -> str:
    parts = [shorten_directory_name(part.strip("[]\"' ")) for part in value.replace(",", ";").split(";")]
    text = ", ".join(part for part in parts if part)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _with_actions(record: ChangeRecord) -> ChangeRecord:
    """Add the actions that a client's record holds as a list of types and values."""
    try:
        held = msgspec.json.decode(record.text("RuleActions") or "[]")
    except (msgspec.DecodeError, RecursionError):
        return record
    named = {
        str(one.get("ActionType") or "").lower(): str(one.get("Value") or one.get("Recipients") or "")
        for one in (held if isinstance(held, list) else ())
        if isinstance(one, dict)
    }
    named = {
        {"forward": "forwardto", "redirect": "redirectto", "delete": "deletemessage"}.get(key, key): value
        or "true"
        for key, value in named.items()
    }
    return replace(record, parameters={**named, **record.parameters})

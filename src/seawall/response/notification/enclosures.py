"""Build a letter's enclosures: messages, mailboxes, folders and acts as CSV without formulas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from seawall.response.notification.letter import LetterFacts
from seawall.response.scope_values import Message, SubjectAct
from seawall_base.csv_text import Cell, csv_lines
from seawall_base.times import rfc3339

MOST_BYTES: Final = 5_000_000
"""Bytes above which a file is not enclosed, because mail servers would refuse it. The package contains it."""


def make_enclosures(facts: LetterFacts) -> dict[str, bytes]:
    """Return the enclosures of one recipient by name, without empty and too large ones."""
    files = {
        "messages.csv": write_messages(facts.messages) if facts.messages else b"",
        "mailboxes.csv": _mailboxes(facts) if facts.kind == "organisation" and facts.listed_subjects else b"",
        "folders.csv": _folders(facts) if facts.folders else b"",
        "acts.csv": write_acts(told)
        if (told := [(one.name, one.acts) for one in facts.subjects if one.acts])
        else b"",
    }
    return {name: content for name, content in files.items() if 0 < len(content) <= MOST_BYTES}


def write_messages(messages: tuple[Message, ...]) -> bytes:
    """Format the messages that were certainly read. An unknown size stays empty."""
    header = ("organisation", "mailbox", "time", "folder", "message_id", "size", "record")
    rows: list[tuple[Cell, ...]] = [
        (m.tenant, m.mailbox, rfc3339(m.time), m.folder, m.id, m.size, m.record) for m in messages
    ]
    return _encode(header, rows)


def _mailboxes(facts: LetterFacts) -> bytes:
    header = (
        "kind",
        "name",
        "verdict",
        "first",
        "last",
        "messages_read",
        "messages_unnamed",
        "folders",
        "throttled",
    )
    rows: list[tuple[Cell, ...]] = [
        (
            subject.kind,
            subject.name,
            subject.verdict,
            None if subject.first is None else rfc3339(subject.first),
            None if subject.last is None else rfc3339(subject.last),
            subject.messages,
            subject.unnamed_messages,
            len(subject.folders),
            subject.is_throttled,
        )
        for subject in facts.listed_subjects
    ]
    return _encode(header, rows)


def _folders(facts: LetterFacts) -> bytes:
    rows: list[tuple[Cell, ...]] = [
        (mailbox, folder.path, rfc3339(folder.first), rfc3339(folder.last))
        for mailbox, folder in facts.folders
    ]
    return _encode(("mailbox", "folder", "first", "last"), rows)


def write_acts(acts: Iterable[tuple[str, Sequence[SubjectAct]]]) -> bytes:
    """Format what the intruder did, by (mailbox or account, acts), with the ids of the records that prove it."""
    rows: list[tuple[Cell, ...]] = [
        (name, act.act, act.object, rfc3339(act.first), rfc3339(act.last), act.count, " ".join(act.records))
        for name, done in acts
        for act in done
    ]
    return _encode(("mailbox_or_account", "act", "object", "first", "last", "count", "records"), rows)


def _encode(header: tuple[str, ...], rows: list[tuple[Cell, ...]]) -> bytes:
    """Encode rows as CSV with a byte-order mark, which spreadsheets need to recognise UTF-8."""
    return ("\ufeff" + "".join(csv_lines(header, rows))).encode("utf-8")

"""What a later version of a letter says otherwise than the one before: the list that a correction opens with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from seawall.response.notification.letter import Facts

ChangeCode = Literal[
    "verdict", "mailbox-verdict", "mailbox-new", "mailbox-gone", "read", "unnamed", "folder-new", "folder-gone", "span",
    "span-new", "gap-new", "gap-closed", "examined", "contained", "words", "more",
]  # fmt: skip
"""Kinds of change; each has a sentence in every language."""

MOST: Final = 15
"""Changes of single mailboxes and folders that are listed; of the rest the number is told."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, as values for its sentence. Times are microseconds; `verdict` values are the schema's words."""

    code: ChangeCode
    values: dict[str, Any]


def changes(before: Facts, after: Facts) -> tuple[Change, ...]:
    """Return what changed, what concerns all first. Empty where the facts are the same but for their order."""
    found: list[Change] = []
    if before.verdict != after.verdict:
        found.append(Change("verdict", {"before": before.verdict, "after": after.verdict}))
    if before.read != after.read:
        found.append(Change("read", {"before": before.read, "after": after.read}))
    if before.unnamed != after.unnamed:
        found.append(Change("unnamed", {"before": before.unnamed, "after": after.unnamed}))
    found += _times(before, after)
    closed = len(set(before.gaps) - set(after.gaps))
    opened = len(set(after.gaps) - set(before.gaps))
    if closed:
        found.append(Change("gap-closed", {"count": closed}))
    if opened:
        found.append(Change("gap-new", {"count": opened}))
    if _words(before) != _words(after):
        found.append(Change("words", {}))
    single = [*_mailboxes(before, after), *_folders(before, after)]
    found += single[:MOST]
    if len(single) > MOST:
        found.append(Change("more", {"count": len(single) - MOST}))
    return tuple(found)


def _words(facts: Facts) -> tuple[Any, ...]:
    return (
        facts.words.happened,
        facts.words.measures,
        facts.words.unknown,
        facts.words.advice,
        facts.sender,
        facts.next_update,
        facts.title,
        facts.name,
        facts.street,
    )


def _mailboxes(before: Facts, after: Facts) -> list[Change]:
    old = {subject.name: subject.verdict for subject in before.listed}
    new = {subject.name: subject.verdict for subject in after.listed}
    found = []
    for name, verdict in new.items():
        if name not in old:
            found.append(Change("mailbox-new", {"mailbox": name, "after": verdict}))
        elif old[name] != verdict and len(new) > 1:
            found.append(Change("mailbox-verdict", {"mailbox": name, "before": old[name], "after": verdict}))
    found += [Change("mailbox-gone", {"mailbox": name}) for name in old if name not in new]
    return found


def _folders(before: Facts, after: Facts) -> list[Change]:
    old = {(mailbox, folder.path) for mailbox, folder in before.folders}
    new = {(mailbox, folder.path) for mailbox, folder in after.folders}
    return [Change("folder-new", {"mailbox": m, "folder": path}) for m, path in sorted(new - old)] + [
        Change("folder-gone", {"mailbox": m, "folder": path}) for m, path in sorted(old - new)
    ]


def _times(before: Facts, after: Facts) -> list[Change]:
    found = []
    if after.span is not None and before.span != after.span:
        if before.span is None:
            found.append(Change("span-new", {"start": after.span[0], "end": after.span[1]}))
        else:
            found.append(
                Change(
                    "span",
                    {
                        "old_start": before.span[0],
                        "old_end": before.span[1],
                        "start": after.span[0],
                        "end": after.span[1],
                    },
                )
            )
    if (before.start, before.end) != (after.start, after.end):
        found.append(Change("examined", {"start": after.start, "end": after.end}))
    if before.contained != after.contained and after.contained is not None:
        found.append(Change("contained", {"time": after.contained}))
    return found

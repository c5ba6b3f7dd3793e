"""Compare two versions of a letter; a correction begins with the list of changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Literal

from seawall.response.notification.letter import LetterFacts

ChangeCode = Literal[
    "verdict", "mailbox-verdict", "mailbox-new", "mailbox-gone", "read", "unnamed", "folder-new", "folder-gone", "span",
    "span-new", "gap-new", "gap-closed", "examined", "contained", "words", "more", "act-new", "act-gone",
]  # fmt: skip
"""Kinds of change; each has a sentence in every language."""

MOST: Final = 15
"""Changes of single mailboxes and folders that a letter lists; further ones are only counted."""


@dataclass(frozen=True, slots=True)
class LetterChange:
    """One difference, as values for its sentence.

    Times are microseconds. `verdict` holds the schema's values.
    """

    code: ChangeCode
    values: dict[str, Any]


def list_changes(before: LetterFacts, after: LetterFacts) -> tuple[LetterChange, ...]:
    """Return the changes, general ones first. Empty if the facts differ only in order."""
    found: list[LetterChange] = []
    if before.verdict != after.verdict:
        found.append(LetterChange("verdict", {"before": before.verdict, "after": after.verdict}))
    if before.read != after.read:
        found.append(LetterChange("read", {"before": before.read, "after": after.read}))
    if before.unnamed_messages != after.unnamed_messages:
        found.append(
            LetterChange("unnamed", {"before": before.unnamed_messages, "after": after.unnamed_messages})
        )
    found += _times(before, after)
    closed = len(set(before.gaps) - set(after.gaps))
    opened = len(set(after.gaps) - set(before.gaps))
    if closed:
        found.append(LetterChange("gap-closed", {"count": closed}))
    if opened:
        found.append(LetterChange("gap-new", {"count": opened}))
    old_acts, new_acts = _count_acts(before), _count_acts(after)
    if new := (new_acts - old_acts).total():
        found.append(LetterChange("act-new", {"count": new}))
    if gone := (old_acts - new_acts).total():
        found.append(LetterChange("act-gone", {"count": gone}))
    if _words(before) != _words(after):
        found.append(LetterChange("words", {}))
    single = [*_mailboxes(before, after), *_folders(before, after)]
    found += single[:MOST]
    if len(single) > MOST:
        found.append(LetterChange("more", {"count": len(single) - MOST}))
    return tuple(found)


def _count_acts(facts: LetterFacts) -> Counter[tuple[str, str, str]]:
    """Return how often the intruder did each act to each object, by mailbox or account."""
    found: Counter[tuple[str, str, str]] = Counter()
    for subject in facts.subjects:
        for act in subject.acts:
            found[subject.name, act.act, act.object] += act.count
    return found


def _words(facts: LetterFacts) -> tuple[Any, ...]:
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


def _mailboxes(before: LetterFacts, after: LetterFacts) -> list[LetterChange]:
    old = {subject.name: subject.verdict for subject in before.listed_subjects}
    new = {subject.name: subject.verdict for subject in after.listed_subjects}
    found = []
    for name, verdict in new.items():
        if name not in old:
            found.append(LetterChange("mailbox-new", {"mailbox": name, "after": verdict}))
        elif old[name] != verdict and len(new) > 1:
            found.append(
                LetterChange("mailbox-verdict", {"mailbox": name, "before": old[name], "after": verdict})
            )
    found += [LetterChange("mailbox-gone", {"mailbox": name}) for name in old if name not in new]
    return found


def _folders(before: LetterFacts, after: LetterFacts) -> list[LetterChange]:
    old = {(mailbox, folder.path) for mailbox, folder in before.folders}
    new = {(mailbox, folder.path) for mailbox, folder in after.folders}
    return [LetterChange("folder-new", {"mailbox": m, "folder": path}) for m, path in sorted(new - old)] + [
        LetterChange("folder-gone", {"mailbox": m, "folder": path}) for m, path in sorted(old - new)
    ]


def _times(before: LetterFacts, after: LetterFacts) -> list[LetterChange]:
    found = []
    if after.span is not None and before.span != after.span:
        if before.span is None:
            found.append(LetterChange("span-new", {"start": after.span[0], "end": after.span[1]}))
        else:
            found.append(
                LetterChange(
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
        found.append(LetterChange("examined", {"start": after.start, "end": after.end}))
    if before.contained != after.contained and after.contained is not None:
        found.append(LetterChange("contained", {"time": after.contained}))
    return found

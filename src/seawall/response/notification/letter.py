"""Collect the facts of one letter from scope and case file, for one recipient only. Independent of language.

An owner's letter contains only their mailboxes, an organisation's only its own. A mailbox that the scope does not
know is refused: a letter without findings would read like an all-clear.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

import msgspec

from seawall.collection.coverage_gap import CoverageGap
from seawall.response.errors import CaseInvalid
from seawall.response.notification.case_file import (
    LetterSender,
    NotificationCase,
    OperatorTexts,
    Recipient,
    RecipientKind,
)
from seawall.response.scope_values import Message, Scope, ScopeSubject, SubjectAct, Verdict
from seawall_base.json_text import encode_json
from seawall_base.safe_text import visible

_ORDER: Final[tuple[Verdict, ...]] = ("touched", "possible", "not_touched")


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """A folder that must be presumed wholly taken, and when it was accessed."""

    path: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """The facts about one mailbox, account or organisation."""

    kind: str
    name: str
    verdict: Verdict
    reasons: tuple[str, ...]
    gaps: tuple[CoverageGap, ...]
    first: int | None
    last: int | None
    messages: int
    unnamed_messages: int
    folders: tuple[FolderFacts, ...]
    is_throttled: bool
    acts: tuple[SubjectAct, ...] = ()


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """All facts of a letter. Their digest decides whether there is something new to send.

    `messages` were certainly read and are in the recipient's mailboxes. `aware` and similar fields are RFC 3339
    texts.
    """

    case: str
    title: str
    recipient: str
    kind: RecipientKind
    name: str
    street: str
    organisation: str
    verdict: Verdict
    start: int
    end: int
    is_bounded: bool
    is_complete: bool
    sources: tuple[str, ...]
    aware: str
    contained: str | None
    next_update: str | None
    subjects: tuple[SubjectFacts, ...]
    messages: tuple[Message, ...]
    sender: LetterSender
    words: OperatorTexts

    @property
    def mailboxes(self) -> tuple[SubjectFacts, ...]:
        """Return the subjects that are mailboxes, else the accounts. Messages are counted here, once."""
        return tuple(s for s in self.subjects if s.kind == "mailbox") or tuple(
            s for s in self.subjects if s.kind == "account"
        )

    @property
    def listed_subjects(self) -> tuple[SubjectFacts, ...]:
        """Return the mailboxes, and the accounts without a mailbox or with other facts than their mailbox."""
        known = {s.name.casefold(): s.verdict for s in self.subjects if s.kind == "mailbox"}
        return tuple(
            s
            for s in self.subjects
            if s.kind == "mailbox" or (s.kind == "account" and known.get(s.name.casefold()) != s.verdict)
        )

    def of(self, verdict: Verdict) -> tuple[SubjectFacts, ...]:
        """Return the subjects of `listed` with this verdict."""
        return tuple(subject for subject in self.listed_subjects if subject.verdict == verdict)

    @property
    def finding(self) -> str:
        """Return the verdict as the letter states it: `used` if accounts were used and no mailbox was proved opened.

        Use of an account does not prove that its mailbox was opened, so a letter must not claim it.
        """
        if self.verdict != "touched" or any(
            s.kind == "mailbox" and s.verdict == "touched" for s in self.subjects
        ):
            return self.verdict
        is_used = any(s.kind == "account" and s.verdict == "touched" for s in self.subjects)
        return "used" if is_used else self.verdict

    @property
    def span(self) -> tuple[int, int] | None:
        """Return the first and last trace of the intruder among the subjects; None if there is none."""
        first = [s.first for s in self.subjects if s.first is not None and s.verdict == "touched"]
        last = [s.last for s in self.subjects if s.last is not None and s.verdict == "touched"]
        return (min(first), max(last)) if first and last else None

    @property
    def read(self) -> int:
        """Return how many messages were certainly read."""
        return sum(subject.messages for subject in self.mailboxes)

    @property
    def unnamed_messages(self) -> int:
        """Return how many messages the logs count without naming them."""
        return sum(subject.unnamed_messages for subject in self.mailboxes)

    @property
    def folders(self) -> tuple[tuple[str, FolderFacts], ...]:
        """Return (mailbox, folder) for folders presumed taken."""
        return tuple((subject.name, folder) for subject in self.mailboxes for folder in subject.folders)

    @property
    def gaps(self) -> tuple[CoverageGap, ...]:
        """Return the coverage gaps of the subjects, each once."""
        return tuple(dict.fromkeys(gap for subject in self.subjects for gap in subject.gaps))


class IndexedScope:
    """An indexed scope, because hundreds of letters are written from one."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.named: dict[str, list[ScopeSubject]] = {}
        self.of_tenant: dict[str, list[ScopeSubject]] = {}
        for subject in (*scope.organisations, *scope.mailboxes, *scope.accounts):
            self.of_tenant.setdefault(subject.tenant, []).append(subject)
            if subject.kind != "organisation":
                self.named.setdefault(subject.name.casefold(), []).append(subject)
        self._messages: dict[str, list[Message]] = {}
        for message in scope.messages:
            self._messages.setdefault(message.mailbox.casefold(), []).append(message)

    def messages(self, subjects: Sequence[ScopeSubject]) -> tuple[Message, ...]:
        """Return the messages of these mailboxes, in the scope's order."""
        names = dict.fromkeys(subject.name.casefold() for subject in subjects if subject.kind == "mailbox")
        tenants = {subject.tenant for subject in subjects}
        found = [message for name in names for message in self._messages.get(name, ())]
        found.sort(key=lambda message: (message.mailbox, message.time, message.id))
        return tuple(message for message in found if not message.tenant or message.tenant in tenants)


def collect_facts(case: NotificationCase, recipient: Recipient, known: IndexedScope | Scope) -> LetterFacts:
    """Return the facts for this recipient. Raises CaseInvalid if the scope does not know their mailboxes."""
    known = known if isinstance(known, IndexedScope) else IndexedScope(known)
    scope = known.scope
    subjects = (
        _organisation(recipient, known) if recipient.kind == "organisation" else _owner(recipient, known)
    )
    words = case.texts.get(recipient.language, OperatorTexts())
    return LetterFacts(
        case=case.case.id,
        title=words.title or case.case.title,
        recipient=recipient.id,
        kind=recipient.kind,
        name=recipient.name,
        street=recipient.street,
        organisation=recipient.organisation,
        verdict=worst_verdict(subject.verdict for subject in subjects),
        start=scope.start,
        end=scope.end,
        is_bounded=scope.is_bounded,
        is_complete=scope.is_complete,
        sources=scope.sources,
        aware=case.case.aware.isoformat(),
        contained=_text(case.case.contained),
        next_update=_text(case.case.next_update),
        subjects=tuple(_subject_facts(subject) for subject in subjects),
        messages=known.messages(subjects),
        sender=case.sender,
        words=words,
    )


def worst_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the gravest verdict: touched before possible before not touched."""
    return min(verdicts, key=_ORDER.index)


def list_file_names(sources: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the files read, without their folders, which could reveal the machine and other cases."""
    return tuple(dict.fromkeys(PurePath(source).name or source for source in sources))


def digest_facts(facts: LetterFacts) -> str:
    """Return the SHA-256 of the facts; an equal digest means nothing new to send.

    The reason of a correction and the names of the files read are left out: they alone say nothing new to a reader. So are
    missing acts, which older letters do not have.
    """
    told = replace(facts, sources=(), words=replace(facts.words, correction=""))
    document = msgspec.to_builtins(told)
    for subject in document["subjects"]:
        if not subject["acts"]:
            del subject["acts"]
    return hashlib.sha256(encode_json(document, sort_keys=True)).hexdigest()


def decode_facts(content: bytes) -> LetterFacts:
    """Parse a letter's facts from JSON. Raises ValueError."""
    return msgspec.json.decode(content, type=LetterFacts)


def _owner(recipient: Recipient, known: IndexedScope) -> list[ScopeSubject]:
    wanted = {name.casefold() for name in recipient.mailboxes}
    found = [
        subject
        for name in sorted(wanted)
        for subject in known.named.get(name, ())
        if not recipient.organisation or subject.tenant == recipient.organisation
    ]
    missing = wanted - {subject.name.casefold() for subject in found}
    if missing:
        raise CaseInvalid(
            f"recipient {recipient.id}: the scope says nothing of {visible(min(missing), 100)!r}",
            fix="name the mailbox as scope.json does, or leave it out: no letter is written about what was not examined",
        )
    if len({subject.tenant for subject in found}) > 1:
        raise CaseInvalid(
            f"recipient {recipient.id}: these mailboxes are there in several organisations",
            fix="say which one, with organisation",
        )
    return found


def _organisation(recipient: Recipient, known: IndexedScope) -> list[ScopeSubject]:
    found = known.of_tenant.get(recipient.organisation, [])
    if not found:
        raise CaseInvalid(
            f"recipient {recipient.id}: the scope says nothing of the organisation "
            f"{visible(recipient.organisation, 100)!r}",
            fix="name it as scope.json does (tenant)",
        )
    return found


def _subject_facts(subject: ScopeSubject) -> SubjectFacts:
    return SubjectFacts(
        subject.kind,
        subject.name,
        subject.verdict,
        subject.reasons,
        subject.gaps,
        subject.first,
        subject.last,
        subject.messages,
        subject.unnamed_messages,
        tuple(FolderFacts(folder.path, folder.first, folder.last) for folder in subject.folders),
        subject.is_throttled,
        subject.acts,
    )


def _text(time: Any) -> str | None:
    return None if time is None else time.isoformat()

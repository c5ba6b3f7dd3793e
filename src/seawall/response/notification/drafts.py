"""Draft all letters of a case in a folder, with one digest for a person to approve.

A final letter is not drafted again: its outstanding deliveries use the final files. A recipient whose version has the
same facts gets no new letter.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.response.errors import CaseInvalid, LettersChanged, RegisterBroken
from seawall.response.notification.case_file import NotificationCase, Recipient
from seawall.response.notification.changes import list_changes
from seawall.response.notification.enclosures import make_enclosures
from seawall.response.notification.forms import render_html, render_pdf, render_text
from seawall.response.notification.language import load_language
from seawall.response.notification.letter import (
    IndexedScope,
    LetterFacts,
    collect_facts,
    decode_facts,
    digest_facts,
)
from seawall.response.notification.letter_ids import load_case_key, make_code
from seawall.response.notification.register import NotificationRegister
from seawall.response.notification.tracking import LetterVersion, find_newest_arrived, list_versions
from seawall.response.notification.writing import LetterEdition, PreviousVersion, write_letter
from seawall.response.scope_values import Scope
from seawall_base.durable_file import write_whole
from seawall_base.errors import OutputUnwritable
from seawall_base.json_text import encode_json
from seawall_base.safe_text import visible
from seawall_base.webhook import Webhook
from seawall_base.webhooks import target_of

FOLDER: Final = "drafts"
FINAL: Final = "letters"
MANIFEST: Final = "draft.json"
_NAMED: Final = 5
"""Recipients that a note names; the table lists all."""

_FIX: Final = "check the folder of the case"
_MOST: Final = 1024 * 1024 * 1024


class DraftedLetter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One drafted letter: delivery targets by way, and the SHA-256 of its files.

    `is_final`: it is a final version already.
    """

    recipient: str
    version: int
    facts: str
    verdict: str
    language: str
    title: str
    targets: dict[str, str]
    files: dict[str, str]
    is_final: bool = False

    def folder(self, case: Path) -> Path:
        """Return the folder of its files."""
        return (
            final_folder(case, self.recipient, self.version)
            if self.is_final
            else case / FOLDER / FINAL / self.recipient
        )


class LetterDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All letters of a case. `notes` are warnings to read before approving."""

    case: str
    letters: tuple[DraftedLetter, ...]
    notes: tuple[str, ...] = ()

    @property
    def printed_letters(self) -> tuple[DraftedLetter, ...]:
        """Return the letters for print, whose recipients have neither mail address nor webhook."""
        return tuple(letter for letter in self.letters if not letter.targets)

    @property
    def digest(self) -> str:
        """Return the SHA-256 over letters and targets: the value that a person approves."""
        return hashlib.sha256(msgspec.json.encode((self.case, self.letters))).hexdigest()


def final_folder(case: Path, recipient: str, version: int) -> Path:
    """Return the folder of a final version."""
    return case / FINAL / recipient / f"v{version}"


def write_draft(
    case: NotificationCase,
    scope: Scope,
    folder: Path,
    *,
    at: int,
    fonts: Sequence[Path] = (),
    only: Sequence[str] = (),
    step: Callable[[int, int], None] = lambda _done, _of: None,
) -> LetterDraft:
    """Write all letters, or those of `only`, into `drafts/` and return the draft. Sends nothing.

    `step` is called with the number of letters written and their total. Raises CaseInvalid, OutputUnwritable,
    RegisterBroken.
    """
    chosen = [case.recipient(id_) for id_ in only] or case.recipients
    known = IndexedScope(scope)
    told = [(recipient, collect_facts(case, recipient, known)) for recipient in chosen]
    _check_places(case, scope)
    register = NotificationRegister.read(folder)
    maker = _DraftWriter(case, folder, register, load_case_key(folder, create=True), at, tuple(fonts), [])
    _clear(folder / FOLDER)
    write_file(
        folder / FOLDER / MANIFEST, b"{}"
    )  # mark the folder as a draft folder before any letter is in it
    letters = []
    for number, (recipient, facts) in enumerate(told, start=1):
        letters.append(maker.letter(recipient, facts))
        step(number, len(told))
    made = LetterDraft(case.case.id, tuple(letters))
    made = msgspec.structs.replace(
        made, notes=(*_collect_notes(made, maker.boxed), *_warn_of_read_addresses(case, scope))
    )
    write_file(folder / FOLDER / MANIFEST, msgspec.json.format(msgspec.json.encode(made), indent=1))
    return made


def read_draft(folder: Path) -> LetterDraft:
    """Return the last written draft after checking every file. Raises LettersChanged."""
    fix = "`seawall respond notify draft`, then look at the letters again"
    path = folder / FOLDER / MANIFEST
    try:
        found = msgspec.json.decode(_read(path), type=LetterDraft)
    except (OSError, ValueError) as error:
        raise LettersChanged(
            f"{path}: no draft ({getattr(error, 'strerror', None) or error})", fix=fix
        ) from error
    for letter in found.letters:
        for name, digest in letter.files.items():
            file = letter.folder(folder) / name
            try:
                is_same = "/" not in name and hashlib.sha256(_read(file)).hexdigest() == digest
            except OSError as error:
                raise LettersChanged(f"{file}: {error.strerror or error}", fix=fix) from error
            if not is_same:
                raise LettersChanged(f"{file} is not what was drafted", fix=fix)
    return found


@dataclass(slots=True)
class _DraftWriter:
    """Write the letters of one draft."""

    case: NotificationCase
    folder: Path
    register: NotificationRegister
    key: bytes
    at: int
    fonts: tuple[Path, ...]
    boxed: list[str]
    """Recipients whose PDF has characters that the fonts lack, shown as boxes."""

    def letter(self, recipient: Recipient, facts: LetterFacts) -> DraftedLetter:
        """Write one letter, or return the final one with the same facts."""
        digest = digest_facts(facts)
        targets = list_targets(recipient)
        final = [
            version for version in list_versions(self.register.entries) if version.recipient == recipient.id
        ]
        newest = find_newest_arrived(self.register.entries, recipient.id)
        same = [version for version in final if version.facts == digest and version.version >= newest]
        if same:
            kept = same[-1]
            tongue = load_language(recipient.language, self.case.case.zone)
            title = tongue.say(f"title.{facts.kind}_{facts.finding}")
            return DraftedLetter(
                recipient.id,
                kept.version,
                digest,
                facts.verdict,
                recipient.language,
                title,
                targets,
                kept.files,
                is_final=True,
            )
        version = 1 + max((version.version for version in final), default=0)
        earlier = self._earlier(next((v for v in final if v.version == newest), None), facts)
        return self._write(recipient, facts, digest, targets, version, earlier)

    def _earlier(self, told: LetterVersion | None, facts: LetterFacts) -> PreviousVersion | None:
        if told is None:
            return None
        path = final_folder(self.folder, told.recipient, told.version) / "facts.json"
        try:
            content = _read(path)
        except OSError as error:
            raise RegisterBroken(
                f"{path}: {error.strerror or error}", fix="take it from a copy of the folder"
            ) from error
        if hashlib.sha256(content).hexdigest() != told.files.get("facts.json"):
            raise RegisterBroken(f"{path} is not what was sent", fix="take it from a copy of the folder")
        return PreviousVersion(told.version, told.at, list_changes(decode_facts(content), facts))

    def _write(
        self,
        recipient: Recipient,
        facts: LetterFacts,
        digest: str,
        targets: dict[str, str],
        version: int,
        earlier: PreviousVersion | None,
    ) -> DraftedLetter:
        tongue = load_language(recipient.language, self.case.case.zone)
        enclosed = make_enclosures(facts)
        code = make_code(self.key, self.case.case.id, recipient.id, version)
        document = write_letter(
            facts, LetterEdition(version, self.at, code, earlier, tuple(enclosed)), tongue
        )
        pdf = render_pdf(document, self.fonts)
        if not pdf.is_archival:
            self.boxed.append(recipient.id)
        files: dict[str, bytes] = {
            "facts.json": encode_json(facts, sort_keys=True),
            "letter.html": render_html(document).encode("utf-8"),
            "letter.pdf": pdf.content,
            "letter.txt": render_text(document).encode("utf-8"),
            **enclosed,
        }
        place = self.folder / FOLDER / FINAL / recipient.id
        for name, content in files.items():
            write_file(place / name, content)
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        return DraftedLetter(
            recipient.id, version, digest, facts.verdict, recipient.language, document.title, targets, hashes
        )


def _collect_notes(made: LetterDraft, boxed: Sequence[str]) -> tuple[str, ...]:
    """Return the warnings to read before approving, a few lines for any number of letters."""
    notes = []
    if printed := [letter.recipient for letter in made.printed_letters]:
        notes.append(
            f"no email and no webhook: {_name(printed)}; `send` makes these letters final, to be printed"
        )
    if boxed:
        notes.append(
            f"characters that the PDF shows as boxes: {_name(boxed)}; --fonts DIR takes fonts that have them"
        )
    return tuple(notes)


def _name(recipients: Sequence[str]) -> str:
    more = len(recipients) - _NAMED
    return ", ".join(recipients[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def list_targets(recipient: Recipient) -> dict[str, str]:
    """Return a recipient's targets by way. A webhook appears as a name without its secret parts."""
    targets = {}
    if recipient.email:
        targets["mail"] = recipient.email
    if recipient.webhook:
        targets["webhook"] = target_of(Webhook(recipient.webhook))
    return targets


def _warn_of_read_addresses(case: NotificationCase, scope: Scope) -> Iterator[str]:
    """Yield a warning for each reply or bounce address that the intruder may be reading.

    Recipients' questions reveal as much as the letters.
    """
    watched = {_mailbox(one.name) for one in (*scope.mailboxes, *scope.accounts) if one.verdict == "touched"}
    own = {
        "sender.email": case.sender.email,
        "smtp.bounce_address": case.smtp.bounce_address if case.smtp else "",
    }
    for name, address in own.items():
        if address and _mailbox(address) in watched:
            yield f"{name}: the intruder may read {visible(address, 254)}, and with it what recipients answer"


def _check_places(case: NotificationCase, scope: Scope) -> None:
    """Refuse letters to mailboxes that the intruder may be reading."""
    watched = {
        _mailbox(subject.name)
        for subject in (*scope.mailboxes, *scope.accounts)
        if subject.verdict != "not_touched"
    }
    faults = [
        f"recipient {recipient.id}: the intruder may read {visible(recipient.email, 254)}"
        for recipient in case.recipients
        if _mailbox(recipient.email) in watched and not recipient.uses_affected_mailbox
    ]
    if faults:
        raise CaseInvalid(
            faults[0],
            details=faults,
            fix="give another address, or allow it with uses_affected_mailbox = true",
        )


def _mailbox(address: str) -> str:
    """Return the mailbox of an address without its subaddress: `ann+notice@example.org` is Ann's mailbox."""
    local, at, domain = address.casefold().rpartition("@")
    return (
        f"{local.partition('+')[0]}{at}{domain}" if at and not local.startswith("+") else address.casefold()
    )


def write_file(path: Path, content: bytes) -> None:
    """Write a file durably and atomically, creating its folder. Raises OutputUnwritable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror or error}", fix=_FIX) from error
    write_whole(path, content, fix=_FIX)


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as source:
        return source.read(_MOST)


def _clear(folder: Path) -> None:
    """Remove the previous draft. A folder that is not a draft is left alone."""
    try:
        if folder.is_symlink() or (
            folder.exists() and not (folder / MANIFEST).exists() and any(folder.iterdir())
        ):
            raise OutputUnwritable(f"{folder} is no folder of drafts", fix="move it away")
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise OutputUnwritable(
            f"{folder}: {error.strerror or error}", fix="check the folder of the case"
        ) from error


def draft_to_document(made: LetterDraft) -> dict[str, Any]:
    """Return the draft as a JSON document."""
    return {"digest": made.digest, **msgspec.to_builtins(made)}

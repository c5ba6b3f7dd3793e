"""Send approved letters: each version once to each recipient by each way.

The register holds the intent on disk before sending and the outcome after it. An intent without an outcome means that
nobody knows; only a person may order it sent again. One process at a time holds a case's register.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from seawall.response.errors import LettersChanged
from seawall.response.notification.case_file import NotificationCase, Recipient
from seawall.response.notification.drafts import (
    DraftedLetter,
    LetterDraft,
    final_folder,
    list_targets,
    read_draft,
    write_file,
)
from seawall.response.notification.letter_ids import load_case_key, make_code, make_message_key
from seawall.response.notification.message import make_mail, make_message_id
from seawall.response.notification.register import Action, NotificationRegister
from seawall.response.notification.smtp import DeliveryOutcome, LetterTransport, OutgoingLetter
from seawall.response.notification.tracking import LetterDelivery, list_deliveries, list_versions
from seawall.response.notification.webhook_transport import make_body
from seawall_base.accountable_person import require_person
from seawall_base.durable_file import sync_folder
from seawall_base.errors import OutputUnwritable

LEAST_DIGEST: Final = 12
"""Hexadecimal digits of a draft's digest that suffice to name the draft."""

Step = Literal["send", "done", "ask", "again"]
"""The next step of a delivery. `done`: notified already. `ask`: only a person may order a resend. `again`: a person did."""


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """One letter by one way: the next step, and the reason."""

    letter: DraftedLetter
    way: str
    target: str
    step: Step
    reason: str
    before: LetterDelivery | None = None


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The result of one planned delivery; `outcome` is None if nothing was sent."""

    planned: PlannedDelivery
    outcome: DeliveryOutcome | None


def load_approved_draft(folder: Path, case: NotificationCase, digest: str) -> LetterDraft:
    """Return the draft with this digest, checked against its files. Raises LettersChanged."""
    found = read_draft(folder)
    fix = "`seawall respond notify draft`, then look at the letters again"
    if len(digest) < LEAST_DIGEST or not found.digest.startswith(digest.lower()):
        raise LettersChanged(f"the draft is {found.digest[:LEAST_DIGEST]}, not {digest[:64]!r}", fix=fix)
    if found.case != case.case.id:
        raise LettersChanged(f"the draft is of the case {found.case}", fix=fix)
    for letter in found.letters:
        if list_targets(case.recipient(letter.recipient)) != letter.targets:
            raise LettersChanged(
                f"recipient {letter.recipient} has another address than in the draft", fix=fix
            )
    return found


def plan_deliveries(
    case: NotificationCase,
    draft: LetterDraft,
    register: NotificationRegister,
    *,
    resend: Collection[str] = (),
) -> list[PlannedDelivery]:
    """Return the next step of each delivery, in the draft's order.

    Raises CaseInvalid if `resend` names an unknown recipient.
    """
    for id_ in resend:
        case.recipient(id_)
    known = {(d.recipient, d.version, d.way): d for d in list_deliveries(register.entries)}
    made = [
        _plan(case.recipient(letter.recipient), letter, way, target, known, letter.recipient in resend)
        for letter in draft.letters
        for way, target in letter.targets.items()
    ]
    return [_is_doubtful(register.path.parent, one, is_wished=one.letter.recipient in resend) for one in made]


def _plan(
    recipient: Recipient,
    letter: DraftedLetter,
    way: str,
    target: str,
    known: Mapping[tuple[str, int, str], LetterDelivery],
    is_wished: bool,
) -> PlannedDelivery:
    before = known.get((letter.recipient, letter.version, way))
    if before is None:
        return PlannedDelivery(letter, way, target, "send", "not sent yet")
    step, reason = _step(recipient, before, target)
    if is_wished and (step == "ask" or before.state == "sent"):
        step = "again"
    return PlannedDelivery(letter, way, target, step, reason, before)


def _is_doubtful(folder: Path, planned: PlannedDelivery, *, is_wished: bool) -> PlannedDelivery:
    """Return the delivery, to be decided by a person if its message file exists without a register entry.

    The register's end may have been lost, so the message may have been sent.
    """
    letter = planned.letter
    place = final_folder(folder, letter.recipient, letter.version)
    if planned.before is not None or not any(place.glob(f"{planned.way}-*")):
        return planned
    reason = f"a message of it lies in {place}, and the register says nothing of it: it may have arrived"
    return replace(planned, step="again" if is_wished else "ask", reason=reason)


def _step(recipient: Recipient, before: LetterDelivery, target: str) -> tuple[Step, str]:
    is_elsewhere = before.target != target
    match before.state:
        case "acknowledged":
            return "done", "acknowledged"
        case "sent" if not is_elsewhere:
            return "done", "sent"
        case "sent":
            return "ask", f"sent to {before.target} before"
        case "failed" if before.is_final and not is_elsewhere:
            return "ask", before.reason
        case "failed":
            return "send", f"failed before: {before.reason}"
        case "bounced" if is_elsewhere:
            return "send", f"bounced from {before.target}"
        case "bounced":
            return "ask", f"bounced: {before.reason}"
    if before.way == "webhook" and recipient.drops_repeats and not is_elsewhere:
        return "send", "its receiver drops what it has already"
    return "ask", f"it may have arrived: {before.reason}"


@dataclass(slots=True)
class DraftSender:
    """Send the letters of a draft.

    `transport` returns the transport of a recipient. `step` lets tests end the process at a chosen point.
    """

    case: NotificationCase
    folder: Path
    transport: Callable[[Recipient, str], LetterTransport]
    now: Callable[[], int]
    step: Callable[[str], None] = lambda _: None

    def send(self, draft: LetterDraft, *, by: str, resend: Collection[str] = ()) -> Iterator[DeliveryResult]:
        """Send, and yield each result once it is on disk.

        Raises RegisterInUse, RegisterBroken, LettersChanged.
        """
        require_person(by, "the approval of letters")
        key = load_case_key(self.folder, create=False)
        stopped: dict[str, str] = {}
        with NotificationRegister.writing(self.folder, at=self.now()) as register:
            planned = plan_deliveries(self.case, draft, register, resend=resend)
            for letter in draft.letters:
                mine = [one for one in planned if one.letter is letter]
                is_tried = any(one.step in ("send", "again") and one.way not in stopped for one in mine)
                if (
                    is_tried or not letter.targets
                ):  # printed letters become final too: their code must be known
                    self._settle(register, letter, by)
                for one in mine:
                    if one.step not in ("send", "again") or one.way in stopped:
                        reason = stopped.get(one.way, one.reason)
                        yield DeliveryResult(replace(one, reason=reason), None)
                        continue
                    outcome = self._send(register, one, key, by)
                    if outcome.stops:
                        stopped[one.way] = outcome.reason
                    yield DeliveryResult(one, outcome)

    def _settle(self, register: NotificationRegister, letter: DraftedLetter, by: str) -> None:
        """Make a version final by keeping the files as sent."""
        final = [v for v in list_versions(register.entries) if v.recipient == letter.recipient]
        same = [version for version in final if version.version == letter.version]
        if same:
            if same[0].files != letter.files:
                raise LettersChanged(
                    f"version {letter.version} for {letter.recipient} is another one",
                    fix="draft the letters again",
                )
            return
        if letter.version != 1 + max((version.version for version in final), default=0):
            raise LettersChanged(
                f"another version was sent to {letter.recipient} since the draft",
                fix="draft the letters again",
            )
        place = final_folder(self.folder, letter.recipient, letter.version)
        for name in letter.files:
            write_file(place / name, self._file(letter.folder(self.folder) / name, letter.files[name]))
        sync_folder(place.parent)
        details = {
            "facts": letter.facts,
            "files": letter.files,
            "verdict": letter.verdict,
            "title": letter.title,
        }
        register.append(
            "letter",
            at=self.now(),
            recipient=letter.recipient,
            version=letter.version,
            by=by,
            details=details,
        )

    def _file(self, path: Path, digest: str) -> bytes:
        """Return a file's content if it still has the approved digest."""
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise LettersChanged(f"{path} is not what was drafted", fix="draft the letters again")
        return content

    def _send(
        self, register: NotificationRegister, one: PlannedDelivery, key: bytes, by: str
    ) -> DeliveryOutcome:
        letter, recipient = one.letter, self.case.recipient(one.letter.recipient)
        transport = self.transport(recipient, one.way)
        outgoing = self._outgoing(register, one, key)
        digest = hashlib.sha256(outgoing.content).hexdigest()
        name = f"{one.way}-{digest[:12]}{'.eml' if one.way == 'mail' else '.json'}"
        details = {
            "key": outgoing.key,
            "file": name,
            "sha256": digest,
            "again": one.reason if one.step == "again" else "",
        }
        self._note(register, one, "intent", by=by, details=details)
        self.step("intent")
        # written after its intent: a message without one shows that register lines were lost
        try:
            write_file(final_folder(self.folder, letter.recipient, letter.version) / name, outgoing.content)
        except OutputUnwritable as error:
            self._note(register, one, "failed", details={"reason": error.message, "is_final": False})
            raise
        outcome = transport.deliver(outgoing)
        self.step("delivered")
        self._note(
            register, one, outcome.state, details={"reason": outcome.reason, "is_final": outcome.is_final}
        )
        if outcome.acknowledged_by:
            self._note(register, one, "acknowledged", by=outcome.acknowledged_by)
        return outcome

    def _note(
        self,
        register: NotificationRegister,
        one: PlannedDelivery,
        action: Action,
        *,
        by: str = "",
        details: Mapping[str, object] | None = None,
    ) -> None:
        letter = one.letter
        register.append(
            action, at=self.now(), recipient=letter.recipient, version=letter.version, way=one.way, target=one.target, by=by,
            details=details,
        )  # fmt: skip

    def _outgoing(self, register: NotificationRegister, one: PlannedDelivery, key: bytes) -> OutgoingLetter:
        letter, case = one.letter, self.case
        recipient = case.recipient(letter.recipient)
        settled = next(
            v
            for v in list_versions(register.entries)
            if (v.recipient, v.version) == (letter.recipient, letter.version)
        )
        place = final_folder(self.folder, letter.recipient, letter.version)
        files = {name: self._file(place / name, digest) for name, digest in settled.files.items()}
        identity = make_message_key(key, case.case.id, letter.recipient, letter.version)
        if one.way == "mail":
            content = make_mail(case, recipient, letter, files, identity=identity, at=settled.at)
            return OutgoingLetter(
                letter.recipient, recipient.email, make_message_id(case, identity), content, self.now()
            )
        code = make_code(key, case.case.id, letter.recipient, letter.version)
        content = make_body(case, letter, files, code=code, at=settled.at)
        return OutgoingLetter(letter.recipient, one.target, f"seawall-letter-{identity}", content, self.now())


def count_outcomes(results: Sequence[DeliveryResult]) -> dict[str, int]:
    """Count the deliveries by outcome; `not sent` are those not attempted."""
    counts: dict[str, int] = {}
    for result in results:
        name = (
            result.outcome.state
            if result.outcome
            else {"done": "told already", "ask": "needs a word"}.get(result.planned.step, "not tried")
        )
        counts[name] = counts.get(name, 0) + 1
    return counts

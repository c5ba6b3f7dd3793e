"""Say what to do now about an incident: whom to call, what blocks, what to keep, which deadlines may run.

Pure, and from the incident alone, so that terminal, report, console and tickets say the same. Steps that only look through
something come after those that block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from seawall.detection.incident import Incident
from seawall.detection.incidents.refused_steps import REFUSED_STEPS
from seawall.detection.incidents.story.telling import list_left_behind
from seawall.events.changes.records import VENDOR_OF
from seawall.response.containment import gate, microsoft
from seawall.response.containment.steps import StepSubject
from seawall.response.errors import PlanInvalid
from seawall.response.judgement import describe_confidence
from seawall.response.log_retention import describe_retention, list_retention
from seawall.response.notification.deadlines import DUTIES
from seawall_base.plurals import plural
from seawall_base.program_name import name_program
from seawall_base.times import day_text, minute_text

StepName = Literal["call", "block", "preserve", "deadline", "review"]
APPLY: Final = 'seawall respond apply plan.json --apply --approver "YOUR NAME" --config respond.toml'
"""The command that makes the changes of a plan, with the name of who approves it."""

_DUTIES: Final = ("nis2-early-warning", "gdpr-33")
HARMLESS: Final = {
    "safe": "a person answered that this was the owner",
    "expected-change": "a person answered that this was a change that was intended",
}
"""Answers after which nothing needs to be done."""

_ASK_FIRST: Final = frozenset({"low", "medium"})
_MINUTE: Final = 60_000_000
_HOUR: Final = 60 * _MINUTE
_PORTALS: Final = {
    "microsoft": "Entra admin centre: Users, the account, Edit properties, Settings, clear “Account enabled”",
    "google": "Google Admin console: Directory, Users, the account, Suspend user",
    "okta": "Okta Admin Console: Directory, People, the person, More Actions, Suspend",
}
"""Where a person blocks an account by hand."""

_FORGED = (
    " No sign-in was found for its token. If the token was forged with a stolen signing key, blocking the account does not stop "
    "whoever holds that key: the plan begins with the key. Where you run a gate, add --gate."
)


@dataclass(frozen=True, slots=True)
class UrgentStep:
    """Hold one thing to do now: which it is, a sentence, and the commands to type, in order.

    `by_hand` says how the same is done without them, "" if the vendor is unknown.
    """

    name: StepName
    text: str
    commands: tuple[str, ...] = ()
    by_hand: str = ""


@dataclass(frozen=True, slots=True)
class WhereToType:
    """Hold what a reader types: the program, and the number and folder by which a command finds the incident.

    `number` and `folder` are "" where the reader has the plan as a file already. `folder` is quoted as a shell wants it.
    """

    program: str
    number: str = ""
    folder: str = ""


def list_urgent_steps(
    incident: Incident, typed: WhereToType, *, now: int | None = None, answer: str | None = None
) -> tuple[UrgentStep, ...]:
    """Return what to do now, the most urgent first.

    `now`, in microseconds since 1970, is for text that is read at once: it says which retention has passed. A file that is read
    later has none, and names dates alone. `answer` is what a person answered, None without an answer.
    """
    if answer in HARMLESS:
        return (UrgentStep("review", f"Nothing: {HARMLESS[answer]}. If that was wrong, answer again."),)
    if is_refused(incident):
        return (
            UrgentStep("review", " ".join(incident.actions)),
            UrgentStep("preserve", _describe_records(incident, now)),
        )
    if not incident.raised and describe_confidence(incident) == "unlikely":
        text = "Nothing is urgent: it was not raised, and a takeover is unlikely. Ask the owner whether it was them."
        return (UrgentStep("review", text),)
    return (
        UrgentStep("call", _describe_call(incident)),
        _make_block(incident, typed),
        UrgentStep("preserve", _describe_records(incident, now)),
        UrgentStep("deadline", _describe_deadlines(incident)),
        *_make_reviews(incident, typed),
    )


def describe_beginning(incident: Incident, end: int | None = None) -> str:
    """Return when the attack began and how long it went on; with `end`, the last time of the logs, how long before it."""
    lasted, before = incident.last_event - incident.first_event, (end or 0) - incident.first_event
    text = f"began {minute_text(incident.first_event)} UTC"
    if before >= _HOUR:
        text += f" ({_describe_length(before)} before the last record)"
    return f"{text} and went on for {_describe_length(lasted)}" if lasted >= _MINUTE else text


def is_refused(incident: Incident) -> bool:
    """Return whether the incident holds attempts that gained nothing."""
    return incident.actions[:1] == REFUSED_STEPS[:1]


def list_sources(incident: Incident) -> list[str]:
    """Return the logs that hold the incident's records; none of incidents from earlier versions."""
    found = incident.details.get("sources")
    return [one for one in found if isinstance(one, str)] if isinstance(found, list | tuple) else []


def _describe_call(incident: Incident) -> str:
    if "@" not in incident.account:
        return f"Call the owner of the application {incident.account}: is this use theirs?"
    return f"Call the owner of {incident.account}: was it them? Do not ask by mail."


def _make_block(incident: Incident, typed: WhereToType) -> UrgentStep:
    tied = " --attack" if incident.attack_links else ""
    plan = f"seawall respond plan {typed.number} --out {typed.folder}{tied} --to plan.json"
    commands = (plan, APPLY) if typed.number else (APPLY,)
    whose = "the account" if "@" in incident.account else "the application"
    left = len(list_left_behind(incident.story))
    also = (
        f", and take away {plural(left, 'thing')} that it left behind and that would keep working"
        if left
        else ""
    )
    first = "If the owner does not know of it, block" if _is_asked_first(incident) else "Block"
    others = " The plan covers every account of the attack." if tied and typed.number else ""
    key = _FORGED if incident.kind in gate.FORGED else ""
    text = f"{first} {whose}{also}.{others}{key}"
    return UrgentStep("block", text, _name_all(commands, typed), _describe_by_hand(incident))


def _is_asked_first(incident: Incident) -> bool:
    return incident.severity in _ASK_FIRST or not incident.raised


def _describe_by_hand(incident: Incident) -> str:
    """Return how a person blocks the account at its vendors, with Microsoft's command where the name is safe to paste."""
    vendors = sorted({VENDOR_OF[source] for source in list_sources(incident) if source in VENDOR_OF})
    if "@" not in incident.account:
        return ""
    found = [_PORTALS[vendor] for vendor in vendors]
    if vendors == ["microsoft"]:
        subject = StepSubject(
            incident.tenant, incident.account, "likely", incident.first_event, incident.last_event
        )
        with suppress(PlanInvalid):
            found = list(microsoft.block_sign_in(subject).powershell) or found
    return "; ".join(found)


def _describe_records(incident: Incident, now: int | None) -> str:
    logs = list_retention(list_sources(incident))
    first = incident.first_event
    past = [log for log in logs if now is not None and log.ends(first) < now]
    kept = [describe_retention(log, first) for log in logs if log not in past]
    if not logs:
        return "Save these results and the logs now: vendors keep some of them for a week only."
    said = ["Save these results and the logs that they were made from."]
    if kept:
        said.append(f"Vendors keep the records of {day_text(first)}: {_join(kept)}. Export them before.")
    if past:
        names = _join([f"{log.name} until {day_text(log.ends(first))}" for log in past])
        said.append(f"Passed: vendors kept {names}. Your own copies may be the only ones.")
    return " ".join(said)


def _describe_deadlines(incident: Incident) -> str:
    duties = sorted((one for one in DUTIES if one.id in _DUTIES), key=lambda one: one.hours or 0)
    hours = _join([f"{one.hours} hours for the {one.what} ({one.rule})" for one in duties])
    is_read = incident.messages_proved or incident.messages_possible
    seen = "Mail was read. These" if is_read else "If personal data was seen, these"
    return f"{seen} deadlines may run from the moment you know of it: {hours}."


def _name_all(commands: tuple[str, ...], typed: WhereToType) -> tuple[str, ...]:
    return tuple(name_program(one, typed.program) for one in commands)


def _make_reviews(incident: Incident, typed: WhereToType) -> Iterator[UrgentStep]:
    """Yield what to look through after blocking: what works on after the intruder, and the steps of detection about it."""
    if list_left_behind(incident.story):
        text = "Then look through what is left behind with the owner, and search for other accounts that the intruder used."
        search = (
            (f"seawall scope {typed.folder} --incident {typed.number} --out scope",) if typed.number else ()
        )
        yield UrgentStep("review", text, _name_all(search, typed))
    elif incident.actions[2:]:
        yield UrgentStep("review", " ".join(incident.actions[2:]))


def _describe_length(microseconds: int) -> str:
    """Return a length of time in its largest unit: `30 days`, `5 hours`, `12 minutes`."""
    minutes = microseconds // _MINUTE
    if minutes < 90:
        return plural(minutes, "minute")
    hours = round(minutes / 60)
    return plural(hours, "hour") if hours < 48 else plural(round(minutes / 1440), "day")


def _join(parts: list[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)

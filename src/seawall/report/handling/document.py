"""Write what is known of an incident as a document of sections, from which HTML and PDF are rendered. Pure.

There are two: the *summary*, one page in plain words for somebody who decides, and the *report*, with every starred record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from seawall.report import incident_words as words
from seawall.report.handling.words import STATUS_NAMES
from seawall.response.handling.gathering import HandledIncident
from seawall.response.notification.document import LetterSection
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import minute_text, moment

LONGEST_LINE: Final = 300


@dataclass(frozen=True, slots=True)
class HandlingDocument:
    """A document about one incident. All texts are plain, with hidden characters made visible.

    `lead` says in a sentence how it stands. `is_one_page`: the type is made smaller until everything fits one page. `date`
    is year, month and day.
    """

    title: str
    lead: str
    tone: str
    reference: tuple[tuple[str, str], ...]
    sections: tuple[LetterSection, ...]
    footer: str
    date: tuple[int, int, int]
    is_one_page: bool


def make_document(
    title: str,
    lead: str,
    case: HandledIncident,
    sections: Iterable[LetterSection],
    *,
    now: int,
    is_one_page: bool,
) -> HandlingDocument:
    """Return a document as of a time in microseconds, with the facts that stand beside its title."""
    incident, day = case.incident, moment(now)
    return HandlingDocument(
        title=title,
        lead=shorten(lead),
        tone=_find_tone(case),
        reference=(
            ("Account", shorten(incident.account, 120)),
            ("As of", f"{minute_text(now)} UTC"),
            ("Organisation", shorten(incident.tenant, 80)),
            ("Incident", shorten(incident.id, 40)),
            ("Severity", incident.severity),
            ("Handled by", shorten(case.handling.owner or "nobody yet", 80)),
            ("Status", STATUS_NAMES[case.handling.status]),
            ("Due", _say_due(case)),
        ),
        sections=tuple(section for section in sections if section.blocks),
        footer=f"Seawall incident {shorten(incident.id, 40)}, as of {minute_text(now)} UTC",
        date=(day.year, day.month, day.day),
        is_one_page=is_one_page,
    )


def shorten(text: str, longest: int = LONGEST_LINE) -> str:
    """Return a text in one line, its hidden characters visible, cut after `longest` characters."""
    plain = " ".join(text.split())
    return visible(plain) if len(plain) <= longest else f"{visible(plain[: longest - 1].rstrip())}…"


def find_last_answer(case: HandledIncident) -> str | None:
    """Return the last answer to the incident that stands, None if nobody answered it."""
    given = [one for one in case.answers.get(case.incident.id, ()) if one.withdrawn_at is None]
    return given[-1].answer if given else None


def say_standing(case: HandledIncident) -> str:
    """Return in one sentence whether an intruder used the account, as far as somebody has said."""
    account = shorten(case.incident.account, 120)
    others = len({one.account for one in case.members} - {case.incident.account})
    also = f" and {plural(others, 'other account')}" if others else ""
    answer = find_last_answer(case)
    if answer == "compromised":
        return f"An intruder used {account}{also}. This was confirmed."
    if answer == "safe":
        return f"This was a false alarm: the owner used {account}{also}."
    if answer == "expected-change":
        return f"This was a known change at {account}{also}, and no intruder."
    return f"Somebody other than the owner may have used {account}{also}. Nobody has confirmed it yet."


def say_event(case: HandledIncident) -> str:
    """Return in one sentence what happened."""
    return shorten(words.verdict(case.incident))


def _say_due(case: HandledIncident) -> str:
    due = case.handling.due_at
    return "no time set" if due is None else f"{minute_text(due)} UTC"


def _find_tone(case: HandledIncident) -> str:
    answer = find_last_answer(case)
    if answer in ("safe", "expected-change"):
        return "good"
    return "bad" if answer == "compromised" or case.incident.severity in ("critical", "high") else "open"

"""Say how bad an incident is and how sure it is: two things, each with its own reasons.

Severity is about what was done and to whom. Confidence is about whether an intruder did it: rules and related incidents in
words, and the measured chance of the score alone.
"""

from __future__ import annotations

import re
from typing import Final

from seawall.detection.incident import Incident
from seawall.detection.incidents.count_words import describe_history
from seawall_base.plurals import plural

_LIKELIHOODS: Final = ("unlikely", "possible", "likely", "very likely")

_QUOTED: Final = re.compile(" \\(\u201c.*\u201d[^)]*\\)$")
_ADMINISTRATOR: Final = "The account can administer"
_EXPLAINED: Final = "Impact "
_SCORE: Final = "The score"


def list_severity_reasons(incident: Incident) -> tuple[str, ...]:
    """Return sentences that say what was done and to whom, the gravest act first, then what the account may do."""
    sure = set(_read_sentences(incident, "confidence_because"))
    found = _read_sentences(incident, "severity_because")
    said = [one for one in found if one not in sure and not one.startswith(_EXPLAINED)]
    return tuple(said[:1] + sorted(said[1:], key=lambda one: not one.startswith(_ADMINISTRATOR)))


def explain_severity(incident: Incident) -> tuple[str, ...]:
    """Return the reasons for the severity in full, and how impact and likelihood make it."""
    found = _read_sentences(incident, "severity_because")
    return (*list_severity_reasons(incident), *(one for one in found if one.startswith(_EXPLAINED)))


def list_confidence_reasons(incident: Incident) -> tuple[str, ...]:
    """Return sentences that say how sure it is: what rules and other incidents say, the chance, and too little history.

    The chance by the score alone is left out where it is low and other reasons decide: beside them, it reads as the opposite.
    """
    said = [one for one in _read_sentences(incident, "confidence_because") if not one.startswith(_SCORE)]
    is_decided_otherwise = (
        said and describe_confidence(incident) in _LIKELIHOODS[2:] and (incident.chance or 0.0) < 0.5
    )
    chance = "" if is_decided_otherwise else describe_chance(incident)
    history = describe_history(max((row.active_days for row in incident.usual), default=99.0))
    return (*said, *([f"By its score alone, {chance}."] if chance else []), *([history] if history else []))


def describe_severity(incident: Incident, most: int = 6) -> str:
    """Return what was done and to whom in one line: `Mail was read (12 messages); the account can administer …`.

    The names of rules and the reasons why an act matters are left out. At most `most` reasons are named.
    """
    reasons = [one.rstrip(".") for one in list_severity_reasons(incident)]
    parts = [_QUOTED.sub("", one.rpartition(": ")[0] or one).partition(", so ")[0] for one in reasons]
    more = [f"{plural(len(parts) - most, 'more reason')}"] if len(parts) > most else []
    return "; ".join(parts[:1] + [_lower(part) for part in parts[1:most]] + more)


def describe_confidence_briefly(incident: Incident) -> str:
    """Return how sure it is and why in one line, without the names of rules and other accounts; "" if it was not judged.

    The chance by the score alone is left out where other reasons speak too: beside them, it reads as the opposite.
    """
    sure = describe_confidence(incident)
    reasons = [one for one in list_confidence_reasons(incident) if not one.startswith("It shares")]
    others = [one for one in reasons if "score alone" not in one]
    parts = [_lower(one.rstrip(".").partition(": ")[0]) for one in others or reasons]
    return "; ".join([*([f"a takeover is {sure}"] if sure else []), *parts])


def describe_confidence(incident: Incident) -> str:
    """Return in words how sure it is that an intruder did it: `very likely`, "" if it was not judged."""
    found = incident.details.get("likelihood")
    return found if isinstance(found, str) and found in _LIKELIHOODS else ""


def describe_chance(incident: Incident) -> str:
    """Return `about 3 in 10 such incidents are real (31 %)`, or "" if the chance is unknown."""
    if incident.chance is None:
        return ""
    chance = min(max(incident.chance, 0.0), 1.0)
    if chance < 0.001:
        return "fewer than 1 in 1,000 such incidents are real"
    percent = write_chance(incident)
    if chance < 0.095:
        often = 1.0 / chance
        return f"about 1 in {round(often, -1 if often >= 30 else 0):,.0f} such incidents is real ({percent})"
    if chance >= 0.95:
        return f"more than 9 in 10 such incidents are real ({percent})"
    tenths = round(chance * 10)
    return f"about {tenths} in 10 such incidents {'is' if tenths == 1 else 'are'} real ({percent})"


def write_chance(incident: Incident) -> str:
    """Return `31 %`, or "" if the chance is unknown."""
    if incident.chance is None:
        return ""
    chance = min(max(incident.chance, 0.0), 1.0)
    return f"{chance * 100:.{0 if chance >= 0.1 else 1}f}\u00a0%"


def _read_sentences(incident: Incident, name: str) -> tuple[str, ...]:
    found = incident.details.get(name)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list | tuple) else ()


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]

"""Tell which incidents and Sigma rules list which records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from seawall.detection.incident import Incident
from seawall.response.look_up.subject import LookUpSubject
from seawall.response.look_up.summary import RecordLink
from seawall_base.regular_files import open_file

RULES = "rules.json"
_LARGEST = 256 * 1024 * 1024

Links = dict[str, list[RecordLink]]


def link_incidents(incidents: Iterable[Incident]) -> Links:
    """Return the incidents that list each record id."""
    found: Links = defaultdict(list)
    for one in incidents:
        link = RecordLink("incident", one.id, one.account)
        for uid in one.events:
            found[uid].append(link)
    return found


def list_rules(incident: Incident) -> Iterator[tuple[str, str, int]]:
    """Yield (id, title, records) of the Sigma rules that hit an incident, skipping malformed ones."""
    hits = incident.details.get("sigma")
    for hit in hits if isinstance(hits, list | tuple) else ():
        if isinstance(hit, dict):
            events = hit.get("events")
            yield (
                str(hit.get("id") or ""),
                str(hit.get("title") or ""),
                events if isinstance(events, int) and events > 0 else 0,
            )


def is_hit_by(incident: Incident, rule: str) -> bool:
    """Return whether a Sigma rule with this id, or with this in its title, hit an incident."""
    return any(is_meant(rule, id_, title) for id_, title, _ in list_rules(incident))


def is_meant(rule: str, id_: str, title: str) -> bool:
    """Return whether a text means a rule: its id, or a part of its title, ignoring case."""
    text = rule.casefold()
    return text == id_.casefold() or text in title.casefold()


def count_rules(incidents: Iterable[Incident]) -> tuple[tuple[str, int], ...]:
    """Return the titles of the Sigma rules that hit some incidents, and their records, most first."""
    found: dict[str, int] = defaultdict(int)
    for one in incidents:
        for id_, title, events in list_rules(one):
            found[title or id_] += events
    return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def read_rules(folder: Path) -> list[tuple[str, str, Sequence[str]]]:
    """Return (id, title, ids of the earliest records that it hit) of each rule of a scan; none without a readable file."""
    try:
        with open_file(folder / RULES) as source:
            document = msgspec.json.decode(source.read(_LARGEST), type=dict[str, Any])
    except (OSError, ValueError, RecursionError):
        return []
    rules = document.get("rules")
    return [
        (str(one.get("id") or ""), str(one.get("title") or ""), _texts(one.get("records")))
        for one in (rules if isinstance(rules, list) else ())
        if isinstance(one, dict)
    ]


def _texts(values: Any) -> list[str]:
    return [one for one in values if isinstance(one, str) and one] if isinstance(values, list) else []


def records_of_rule(subject: LookUpSubject, incidents: Iterable[Incident]) -> frozenset[str]:
    """Return the ids of the records of the incidents that a rule hit; nothing where no rule is looked up."""
    if subject.kind != "rule":
        return frozenset()
    return frozenset(uid for one in incidents if is_hit_by(one, subject.value) for uid in one.events)

"""Say an attack: its incidents as one, what ties each to the others, and what happened in all of them, in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from seawall.detection.incident import SEVERITIES, AttackLink, Incident, Severity
from seawall.detection.incidents.story.act import StorySentence
from seawall.detection.incidents.story.telling import KEY_LINES, choose_key_lines, list_left_behind
from seawall.report.story_words import LEFT_SHOWN
from seawall_base.plurals import plural
from seawall_base.times import brief_span

RankedIncident = tuple[int, Incident]
"""An incident with its number in reading order, from 1."""

NAMED = 4
"""Further accounts that a sentence names."""

_TIES = {
    "application": "both touched the application {name}",
    "account": "one gave the other access or opened its mailbox ({name})",
    "address": "both sent mail on to {name}",
    "network": "both were in the address block {name}, which was new to them",
}


@dataclass(frozen=True, slots=True)
class AttackView:
    """Hold the incidents of one attack in reading order; an incident that stands alone is an attack of one."""

    members: tuple[RankedIncident, ...]

    @property
    def lead(self) -> RankedIncident:
        """Return the first incident: of those raised, the gravest."""
        return self.members[0]

    @property
    def severity(self) -> Severity:
        """Return the severity of the gravest incident."""
        return max((one.severity for _, one in self.members), key=SEVERITIES.index)

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the accounts in the order of the incidents."""
        return tuple(dict.fromkeys(incident.account for _, incident in self.members))

    @property
    def first(self) -> int:
        """Return the time of the first event, in microseconds since 1970."""
        return min(incident.first_event for _, incident in self.members)

    @property
    def last(self) -> int:
        """Return the time of the last event, in microseconds since 1970."""
        return max(incident.last_event for _, incident in self.members)


def group_by_attack(incidents: Iterable[RankedIncident]) -> list[AttackView]:
    """Return the attacks of numbered incidents, which are in reading order."""
    found: dict[str, list[RankedIncident]] = defaultdict(list)
    for rank, incident in incidents:
        found[incident.attack or incident.id].append((rank, incident))
    return [AttackView(tuple(members)) for members in found.values()]


def link_text(link: AttackLink) -> str:
    """Return what ties an incident to another one of its attack, without the other's account."""
    return _TIES[link.kind].format(name=link.name)


def link_lines(incident: Incident) -> list[str]:
    """Return a line for each tie of an incident to others of its attack: their accounts, and what ties them."""
    return [f"with {shorten_account(link.account)}: {link_text(link)}" for link in incident.attack_links]


@dataclass(frozen=True, slots=True)
class AttackActLine:
    """Hold one act of an attack. `time` is in microseconds since 1970, `when` says it in short, `account` is a short name."""

    time: int
    when: str
    account: str
    sentence: str


def list_acts(view: AttackView, most: int = KEY_LINES) -> list[AttackActLine]:
    """Return the weightiest acts of all accounts in order of time, at most `most`."""
    told = [(one, incident.account) for _, incident in view.members for one in incident.story]
    told.sort(key=lambda pair: (pair[0].time, pair[0].end))
    accounts = {id(one): account for one, account in told}
    return [
        AttackActLine(
            one.time, brief_span(one.time, one.end), shorten_account(accounts[id(one)]), one.sentence
        )
        for one in choose_key_lines([one for one, _ in told], most)
    ]


def count_more_acts(view: AttackView, shown: int) -> str:
    """Return `and 12 more acts`, "" if all are shown."""
    left = sum(len(incident.story) for _, incident in view.members) - shown
    return f"and {plural(left, 'more act')}" if left > 0 else ""


def attack_left_behind(view: AttackView) -> list[str]:
    """Return what works on after the intruder is gone, of all accounts, each once."""
    told: Sequence[StorySentence] = [one for _, incident in view.members for one in incident.story]
    return list_left_behind(told)


def left_behind_text(view: AttackView, most: int = LEFT_SHOWN) -> str:
    """Return what works on after the intruder is gone, as a list; "" if the records show nothing of the kind."""
    left = attack_left_behind(view)
    more = f" and {plural(len(left) - most, 'more thing')}" if len(left) > most else ""
    return "; ".join(left[:most]) + more


def attack_title(view: AttackView) -> str:
    """Return the attack in one sentence: that of the gravest incident, and the accounts that belong to it besides."""
    title, others = view.lead[1].title, list_other_names(view)
    return f"{title}; the same attack used {others}" if others else title


def as_whole(view: AttackView) -> Incident:
    """Return the gravest incident with the span of the whole attack."""
    return replace(view.lead[1], first_event=view.first, last_event=view.last)


def list_other_names(view: AttackView) -> str:
    """Return the accounts beside that of the gravest incident as a list of short names, "" if there are none."""
    names = [shorten_account(account) for account in view.accounts[1:]]
    if len(names) > NAMED:
        names = [*names[: NAMED - 1], f"{plural(len(names) - NAMED + 1, 'more account')}"]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def shorten_account(account: str) -> str:
    """Return the local part of an address, or the whole name."""
    return account.partition("@")[0] or account

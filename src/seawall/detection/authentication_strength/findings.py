"""Find suspicious sign-ins and changes of sign-in methods.

Misses: sessions whose records carry no session id, and prompts that the log does not number. It also misses methods that a
federated provider manages, and phone numbers that an export masks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from seawall.detection.authentication_strength.accounts import AccountAssurance
from seawall.detection.authentication_strength.collect import (
    DayAggregator,
    MethodChange,
    SignIns,
    find_method_owner,
    parse_parameters,
)
from seawall.detection.authentication_strength.sessions import NO_ROOT, UNTOLD_ROOT, WEAK_ROOT, SessionRoots
from seawall.detection.authentication_strength.strength import RISKY
from seawall.events.access_policy import Registration
from seawall.events.registrations import shared_key
from seawall_base.plurals import plural

Kind = Literal[
    "weak-root", "prompt-bombing", "method-after-risk", "shared-method", "skips-mfa", "unproved-root"
]
KINDS: dict[Kind, str] = {
    "weak-root": "mail was read in a session whose sign-in showed no second factor",
    "prompt-bombing": "a second factor was asked for several times within an hour and not given",
    "method-after-risk": "a sign-in method was registered after a sign-in that stands out",
    "shared-method": "one phone number or device is the second factor of several accounts",
    "skips-mfa": "signed in on a path that asks for no second factor",
    "unproved-root": "mail was read in a session of which no sign-in shows how it began",
}

HOUR = 3_600_000_000
DAY = 24 * HOUR
PROMPTS = 3
SHARED_BY = 3
"""Number of accounts that must share one phone or device. Two are a couple, or the second account of one person."""
AFTER_RISK = DAY
KNOWN_DAYS = 3
"""Days with sign-ins that an account must have before a network can be new to it."""
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class AuthenticationFinding:
    """Describe one finding: its kind, account, time span in microseconds since 1970, text, and the ids of example records."""

    kind: Kind
    organisation: str
    account: str
    first: int
    last: int
    text: str
    records: tuple[str, ...]
    known_from: str = "sign-in log"


def find_all(
    collector: DayAggregator, signs: SignIns, roots: SessionRoots, people: Sequence[AccountAssurance],
    registrations: Sequence[Registration],
) -> list[AuthenticationFinding]:  # fmt: skip
    """Return all findings, ordered by kind, the latest first."""
    by_actor = {person.actor: person for person in people if person.actor >= 0}
    found = [
        *find_weak_roots(roots, by_actor),
        *find_prompt_bombing(signs, by_actor),
        *find_methods_after_risk(collector, signs, people),
        *find_shared_methods(collector.changes, registrations),
        *find_weak_paths(by_actor),
        *find_unproved_roots(roots, by_actor),
    ]
    order = list(KINDS)
    return sorted(
        found, key=lambda one: (order.index(one.kind), -one.last, one.organisation, one.account, one.text)
    )


def find_weak_roots(
    roots: SessionRoots, by_actor: Mapping[int, AccountAssurance]
) -> Iterator[AuthenticationFinding]:
    """Yield one finding for each account whose mail was read in a session that began with a single factor."""
    sessions = roots.sessions
    rows = np.flatnonzero(roots.root == WEAK_ROOT)
    for actor in np.unique(sessions.actor[rows]).tolist():
        own = rows[sessions.actor[rows] == actor]
        person = by_actor[actor]
        messages = int(sessions.messages[own].sum())
        text = f"{plural(len(own), 'session')} with {plural(messages, 'message')} read, signed in with a single factor"
        yield AuthenticationFinding(
            "weak-root", person.organisation, person.account, int(sessions.first[own].min()),
            int(sessions.last[own].max()), text, tuple(sessions.uid[row] for row in own[:_EXAMPLES].tolist()),
            "mail access and sign-in log",
        )  # fmt: skip


def find_unproved_roots(
    roots: SessionRoots, by_actor: Mapping[int, AccountAssurance]
) -> Iterator[AuthenticationFinding]:
    """Yield one finding for each account whose mail was read in a session of unknown origin.

    Either no sign-in of the session is in the logs, or none states its strength. Misses logs whose records carry no session
    id.
    """
    sessions = roots.sessions
    is_none = roots.root == NO_ROOT
    rows = np.flatnonzero(is_none | (roots.root == UNTOLD_ROOT))
    for actor in np.unique(sessions.actor[rows]).tolist():
        own = rows[sessions.actor[rows] == actor]
        person = by_actor[actor]
        unseen, messages = int(is_none[own].sum()), int(sessions.messages[own].sum())
        parts = [f"{count:,} {words}" for count, words in (
            (unseen, "without a sign-in in these logs"), (len(own) - unseen, "whose sign-ins do not say")
        ) if count]  # fmt: skip
        yield AuthenticationFinding(
            "unproved-root", person.organisation, person.account, int(sessions.first[own].min()),
            int(sessions.last[own].max()),
            f"{plural(len(own), 'session')} with {plural(messages, 'message')} read: {', '.join(parts)}",
            tuple(sessions.uid[row] for row in own[:_EXAMPLES].tolist()), "mail access and sign-in log",
        )  # fmt: skip


def find_prompt_bombing(
    signs: SignIns, by_actor: Mapping[int, AccountAssurance]
) -> Iterator[AuthenticationFinding]:
    """Yield accounts that refused at least `PROMPTS` second-factor prompts within an hour.

    The text says whether a prompt was accepted within an hour afterwards.
    """
    rows = np.flatnonzero(signs.denied)
    if len(rows) < PROMPTS:
        return
    rows = rows[np.lexsort((signs.time[rows], signs.actor[rows]))]
    actor, time = signs.actor[rows], signs.time[rows]
    end = np.arange(PROMPTS - 1, len(rows))
    start = end - (PROMPTS - 1)
    is_burst = (actor[start] == actor[end]) & (time[end] - time[start] <= HOUR)
    for one in np.unique(actor[end[is_burst]]).tolist():
        bursts = end[is_burst & (actor[end] == one)]
        first, last = int(time[bursts[0] - PROMPTS + 1]), int(time[bursts[-1]])
        after = np.flatnonzero(signs.is_granted & (signs.actor == one) & (signs.level >= 2))
        within = [row for row in after.tolist() if _follows(int(signs.time[row]), time[bursts])]
        denied = rows[(actor == one) & (time >= first) & (time <= last)]
        text = f"second factor asked for {plural(len(denied), 'time')} and not given" + (
            ", then one was passed within an hour" if within else ", none passed within the hour after"
        )
        person = by_actor[one]
        uids = [*(signs.uid[row].as_py() or "" for row in [*within[:1], *denied[:_EXAMPLES].tolist()])]
        yield AuthenticationFinding(
            "prompt-bombing", person.organisation, person.account, first, last, text, tuple(uids)
        )


def _follows(time: int, bursts: npt.NDArray[np.int64]) -> bool:
    return bool(((time >= bursts) & (time <= bursts + HOUR)).any())


def find_methods_after_risk(
    collector: DayAggregator, signs: SignIns, people: Sequence[AccountAssurance]
) -> Iterator[AuthenticationFinding]:
    """Yield methods registered within a day after a suspicious sign-in.

    Suspicious means that the provider called it risky, or that its network was new to the account.
    """
    if not collector.changes or not len(signs):
        return
    known = {(person.organisation, person.account): person for person in people}
    for change in collector.changes:
        account = find_method_owner(change)
        person = known.get((change.organisation, account))
        if person is None or person.actor < 0:
            continue
        rows = np.flatnonzero(signs.actor == person.actor)
        before = rows[(signs.time[rows] <= change.time) & (signs.time[rows] >= change.time - AFTER_RISK)]
        before = before[signs.outcome[before] == 1]
        risky = [row for row in before.tolist() if signs.flags[row] & RISKY]
        new = [] if risky else [row for row in before.tolist() if _is_new_network(signs, rows, row)]
        if not risky and not new:
            continue
        row = (risky or new)[-1]
        after = _duration(change.time - int(signs.time[row]))
        why = (
            "the provider called the sign-in before it risky"
            if risky
            else f"{after} after a sign-in from a network new to the account"
        )
        weak = ", a text message or call" if _is_weak(change) else ""
        yield AuthenticationFinding(
            "method-after-risk", change.organisation, account, int(signs.time[row]), change.time,
            f"{change.activity}{weak}: {why}", (change.uid, signs.uid[row].as_py() or ""),
            "directory and sign-in log",
        )  # fmt: skip


def _duration(microseconds: int) -> str:
    hours = round(microseconds / HOUR)
    return plural(hours, "hour") if hours > 2 else plural(round(microseconds / (HOUR // 60)), "minute")


def _is_new_network(signs: SignIns, rows: npt.NDArray[np.intp], row: int) -> bool:
    """Return whether an account with enough history never signed in from this network on an earlier day."""
    network = signs.network[row]
    earlier = rows[(signs.time[rows] < signs.time[row] - AFTER_RISK) & (signs.outcome[rows] == 1)]
    days = len(np.unique(signs.time[earlier] // DAY))
    return network >= 0 and days >= KNOWN_DAYS and network not in signs.network[earlier]


def _is_weak(change: MethodChange) -> bool:
    told = f"{change.detail} {change.parameters}".lower()
    return any(
        word in told for word in ("sms", "text message", "voice", "phone call", "onewaysms", "twowayvoice")
    )


def find_shared_methods(
    changes: Iterable[MethodChange], registrations: Iterable[Registration]
) -> Iterator[AuthenticationFinding]:
    """Yield phones and devices that at least `SHARED_BY` accounts use."""
    owners: dict[str, dict[tuple[str, str], str]] = {}
    words: dict[str, str] = {}
    times: dict[str, list[int]] = {}
    for one in registrations:
        for key, shown in one.keys:
            owners.setdefault(key, {})[("", one.account)] = one.where
            words[key] = shown
    for change in changes:
        for kind, text in _list_registered_keys(change):
            key, shown = shared_key(kind, text)
            owners.setdefault(key, {})[(change.organisation, find_method_owner(change))] = change.uid
            words[key] = shown
            times.setdefault(key, []).append(change.time)
    for key, of in sorted(owners.items()):
        accounts = sorted({account for _, account in of})
        if len(accounts) < SHARED_BY:
            continue
        named = ", ".join(accounts[:_EXAMPLES]) + (
            f" and {len(accounts) - _EXAMPLES:,} more" if len(accounts) > _EXAMPLES else ""
        )
        at = times.get(key, [0])
        organisation = max(name for name, _ in of)
        yield AuthenticationFinding(
            "shared-method", organisation, accounts[0], min(at), max(at),
            f"{words[key]} belongs to {plural(len(accounts), 'account')}: {named}",
            tuple(list(of.values())[:_EXAMPLES]), "registrations",
        )  # fmt: skip


_PHONE_FIELDS = {"phonenumber": "phone", "alternativephonenumber": "phone", "devicetoken": "device"}


def _list_registered_keys(change: MethodChange) -> Iterator[tuple[str, str]]:
    """Yield the phone numbers and devices in the strong-authentication details of an Entra record."""
    for name, text in parse_parameters(change.parameters).items():
        if name.startswith("StrongAuthentication") and isinstance(text, str):
            try:
                value = json.loads(text[:100_000])
            except (ValueError, RecursionError):
                continue
            for entry in value if isinstance(value, list) else [value]:
                for field, inner in entry.items() if isinstance(entry, dict) else ():
                    kind = _PHONE_FIELDS.get(str(field).lower())
                    if (
                        kind
                        and isinstance(inner, str)
                        and len(inner) > 5
                        and "*" not in inner
                        and "XX" not in inner
                    ):
                        yield kind, inner


_SKIPPING = {
    "legacy": "a legacy protocol, which cannot ask for a second factor",
    "ropc": "a program that hands over the password (ROPC)",
    "device-code": "a device code, which also lets in whoever sent it",
}


def find_weak_paths(by_actor: Mapping[int, AccountAssurance]) -> Iterator[AuthenticationFinding]:
    """Yield granted sign-ins by legacy protocols, ROPC and device code, one finding for each account and path."""
    for person in by_actor.values():
        for fact, words in _SKIPPING.items():
            seen = person.fact(fact)
            if seen.count:
                yield AuthenticationFinding(
                    "skips-mfa", person.organisation, person.account, seen.time, seen.time,
                    f"{plural(seen.count, 'sign-in')} by {words}", (seen.uid,),
                )  # fmt: skip

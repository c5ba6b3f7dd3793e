"""Summarise each account: the strength of its sign-ins, its registered methods, and the records that show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from seawall.detection.authentication_strength.collect import DayAggregator, SignIns, find_method_owner
from seawall.detection.authentication_strength.evaluation import AccountFacts
from seawall.detection.authentication_strength.strength import (
    CLAIMED,
    DEVICE_CODE,
    FEDERATED,
    GUEST,
    LEGACY,
    LEVEL_WORDS,
    MANAGED,
    METHOD_NAMES,
    MULTI,
    REFRESHED,
    RESISTANT,
    ROPC,
    SINGLE,
    TEMPORARY,
)
from seawall.events.access_policy import PolicyDirectory, Registration, System
from seawall.events.coded_batch import Bools


@dataclass(frozen=True, slots=True)
class Observation:
    """Count how often a fact was observed. `time` and `uid` are those of the last record, in microseconds since 1970."""

    count: int
    time: int
    uid: str


NEVER = Observation(0, 0, "")


@dataclass(slots=True)
class AccountAssurance:
    """Summarise one account. `seen` maps names of `FACTS` to observations in its granted sign-ins.

    `actor` is the account's integer code, -1 if no log names it. `levels` counts granted sign-ins by level, in the order of
    `LEVEL_WORDS`.
    """

    organisation: str
    account: str
    actor: int = -1
    uid: str = ""
    is_admin: bool | None = None
    is_guest: bool | None = None
    registration: Registration | None = None
    seen: dict[str, Observation] = field(default_factory=dict)
    levels: tuple[int, ...] = (0, 0, 0, 0)
    methods: tuple[str, ...] = ()
    system: System = "entra"

    @property
    def who(self) -> AccountFacts:
        """Return the properties of the account that policies refer to."""
        return AccountFacts(self.account, self.uid, self.is_guest, self.is_admin)

    @property
    def sign_ins(self) -> int:
        """Return the number of granted sign-ins."""
        return sum(self.levels)

    def fact(self, name: str) -> Observation:
        """Return the observation of a fact, `NEVER` if there is none."""
        return self.seen.get(name, NEVER)


FACTS = (
    "password-only", "two-factors", "phishing-resistant", "claimed", "federated", "temporary-access-pass",
    "legacy", "device-code", "ropc", "phishable", "any", "asked-to-enrol", "method-registered",
)  # fmt: skip
"""Facts that a granted sign-in can show, with two exceptions at the end.

- `password-only`: the user was prompted, one factor sufficed, and no managed device served as the second.
- `phishable`: the user was prompted, every factor can be relayed by a phishing page, and no managed device took part.
- `asked-to-enrol`: a refused sign-in; the password was right, and no second factor was registered.
- `method-registered`: a directory record says that a method was registered.
"""


def find_facts(signs: SignIns) -> Mapping[str, Bools]:
    """Return for each fact of `FACTS` which sign-ins show it, bool (n,). `method-registered` is not among them."""
    granted, flags, level = signs.is_granted, signs.flags, signs.level
    asked = granted & (signs.interactive != 0) & ((flags & REFRESHED) == 0) & ~signs.is_first_step
    special = (flags & (LEGACY | ROPC | DEVICE_CODE)) != 0
    own = (flags & CLAIMED) == 0
    return {
        "password-only": asked & ~special & own & (level == SINGLE) & ((flags & (FEDERATED | MANAGED)) == 0),
        "two-factors": granted & own & (level == MULTI),
        "phishing-resistant": granted & own & (level == RESISTANT),
        "claimed": granted & ~own,
        "federated": granted & ((flags & FEDERATED) != 0),
        "temporary-access-pass": granted & ((flags & TEMPORARY) != 0),
        "legacy": granted & ((flags & LEGACY) != 0),
        "device-code": granted & ((flags & DEVICE_CODE) != 0),
        "ropc": granted & ((flags & ROPC) != 0),
        "phishable": asked & own & ((level == SINGLE) | (level == MULTI)) & ((flags & MANAGED) == 0),
        "any": granted,
        "asked-to-enrol": signs.enrol,
    }


def list_accounts(
    collector: DayAggregator,
    signs: SignIns,
    registrations: Sequence[Registration],
    directory: PolicyDirectory,
) -> list[AccountAssurance]:
    """Return every account of the logs and of the exports, ordered by organisation, name and system."""
    people = dict(_from_logs(collector))
    _add_sign_ins(people, collector, signs)
    _add_registered(people.values(), collector)
    everyone = list(people.values())
    by_name: dict[tuple[str, str], list[AccountAssurance]] = {}
    for person in everyone:
        by_name.setdefault((person.system, person.account), []).append(person)
    known = {name: uid for uid, name in directory.accounts.items()}
    home = _organisation_by_domain(everyone)
    for one in registrations:
        key = (one.system, one.account)
        if key not in by_name:
            organisation = home.get((one.system, one.account.rpartition("@")[2]), "")
            by_name[key] = [AccountAssurance(organisation, one.account, system=one.system)]
            everyone += by_name[key]
        for person in by_name[key]:
            _apply_registration(person, one)
    for person in everyone:
        person.uid = person.uid or known.get(person.account, "")
        if person.is_guest is None and "#ext#" in person.account:
            person.is_guest = True
    return sorted(everyone, key=lambda person: (person.organisation, person.account, person.system))


def _from_logs(collector: DayAggregator) -> Iterable[tuple[int, AccountAssurance]]:
    if not collector.vocabularies:
        return
    organisations, accounts = collector.vocabularies["org_uid"], collector.vocabularies["account"]
    for actor, (organisation, account) in collector.accounts.items():
        sources = {collector.vocabularies["source"].text(code) for code in collector.sources[actor]}
        yield (
            actor,
            AccountAssurance(
                organisations.text(organisation), accounts.text(account), actor, system=_system(sources)
            ),
        )


def _system(sources: Iterable[str]) -> System:
    """Return the identity provider of an account.

    Microsoft's policies apply to Microsoft's sign-ins, even if Okta checks the password.
    """
    known = set(sources) & {"okta", "google_workspace"}
    if not known or set(sources) - known:
        return "entra"
    return "okta" if "okta" in known else "google"


def _add_registered(people: Iterable[AccountAssurance], collector: DayAggregator) -> None:
    """Record for each account the last registration of a sign-in method."""
    by_name = {(person.organisation, person.account): person for person in people}
    for change in sorted(collector.changes, key=lambda one: (one.time, one.uid)):
        person = by_name.get((change.organisation, find_method_owner(change)))
        if person is not None:
            count = person.fact("method-registered").count + 1
            person.seen["method-registered"] = Observation(count, change.time, change.uid)


def _organisation_by_domain(everyone: Iterable[AccountAssurance]) -> dict[tuple[str, str], str]:
    """Return the organisation of each pair of system and mail domain that belongs to exactly one organisation."""
    found: dict[tuple[str, str], set[str]] = {}
    for person in everyone:
        found.setdefault((person.system, person.account.rpartition("@")[2]), set()).add(person.organisation)
    return {domain: min(of) for domain, of in found.items() if len(of) == 1}


def _apply_registration(person: AccountAssurance, one: Registration) -> None:
    person.registration = one
    person.is_admin = one.is_admin
    person.is_guest = one.is_guest if one.is_guest is not None else person.is_guest
    person.uid = person.uid or (one.uid if one.system == "entra" else "")


def _add_sign_ins(people: Mapping[int, AccountAssurance], collector: DayAggregator, signs: SignIns) -> None:
    if not len(signs):
        return
    actors, place = np.unique(signs.actor, return_inverse=True)
    levels = np.zeros((len(actors), len(LEVEL_WORDS)), np.int64)
    granted = signs.is_granted
    np.add.at(levels, (place[granted], signs.level[granted]), 1)
    methods = np.zeros((len(actors), len(METHOD_NAMES) + 1), bool)
    methods[place[granted], signs.method[granted]] = True
    guest = np.zeros(len(actors), bool)
    guest[place[(signs.flags & GUEST) != 0]] = True
    objects = np.full(len(actors), -1, np.int64)
    np.maximum.at(objects, place, signs.object_id)
    names = collector.vocabularies["actor_user_uid"]
    for row, actor in enumerate(actors.tolist()):
        person = people[actor]
        person.levels = tuple(levels[row].tolist())
        person.methods = tuple(METHOD_NAMES[m] for m in np.flatnonzero(methods[row][:-1]))
        person.uid = names.text(int(objects[row]))
        person.is_guest = True if guest[row] else None
    for name, shown in find_facts(signs).items():
        rows = np.flatnonzero(shown)
        last = np.full(len(actors), -1, np.int64)
        np.maximum.at(last, place[rows], rows)
        counts = np.bincount(place[rows], minlength=len(actors))
        for row in np.flatnonzero(counts).tolist():
            at = int(last[row])
            seen = Observation(int(counts[row]), int(signs.time[at]), signs.uid[at].as_py() or "")
            people[int(actors[row])].seen[name] = seen

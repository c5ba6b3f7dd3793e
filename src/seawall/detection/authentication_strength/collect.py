"""Extract from each day the records that authentication strength needs, as columns.

These are sign-ins with their strength, mail access by session, denied prompts, and changes of sign-in methods.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.detection.authentication_strength.strength import (
    LEGACY,
    RISKY,
    ROPC,
    SINGLE,
    SignInStrength,
    judge_strength,
)
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Keys, Times, Vocabulary, mix
from seawall.events.grouping import group_rows
from seawall.events.microsoft.entra_results import NOT_GIVEN, numbers

Small = npt.NDArray[np.int8]
Flags = npt.NDArray[np.int16]

OTHER, SUCCESS, FAILURE = 0, 1, 2
ENROL = numbers("enrolment")
"""Entra's error numbers of a sign-in with the right password that stopped because no second factor was registered."""
AUDIT_LOGS = ("m365_audit", "office_activity")
"""Sources that never prove that a password was the only factor.

They have a bit field, `UserAuthenticationMethod`, that Microsoft does not document.
"""
_BATCH_TEXTS = ("auth_method", "auth_protocol", "status", "client")
MAIL = ("mail_access",)
WHOLE = ("entra_signin", "m365_audit", "google_workspace")
"""Sources with one record for each sign-in. Other sources have one for each step."""
SUSPECTED = ("suspicious",)
"""The status code of a granted sign-in that the provider called suspicious without giving a risk level."""


@dataclass(frozen=True, slots=True)
class SignIns:
    """Hold n sign-ins of people, ordered by time, as columns of length n.

    `time` is in microseconds since 1970. `actor`, `account`, `app` and the other codes are those of the batches, -1 for
    none. `session` is a hash, 0 for none. `level`, `aal`, `method`, `flags` and `path` are explained in `strength`. `uid`
    are the record ids.
    """

    time: Times
    actor: Codes
    account: Codes
    organisation: Codes
    session: Keys
    level: Small
    aal: Small
    method: Small
    flags: Flags
    path: Small
    system: Codes
    interactive: Small
    outcome: Small
    denied: Bools
    enrol: Bools
    app: Codes
    resource: Codes
    client_address: Codes
    country: Codes
    network: Codes
    object_id: Codes
    is_stepwise: Bools
    uid: pa.StringArray

    def __len__(self) -> int:
        return len(self.time)

    @property
    def is_granted(self) -> Bools:
        """Return which sign-ins were granted, bool (n,)."""
        return np.asarray(self.outcome == SUCCESS)

    @property
    def is_first_step(self) -> Bools:
        """Return which sign-ins are a first step, where the log has a record for each step, bool (n,).

        A single-factor step counts as the whole sign-in if its session shows no stronger one.
        """
        hit = self.is_stepwise & self.is_granted & (self.level <= SINGLE)
        rows = np.flatnonzero(self.is_stepwise & self.is_granted & (self.session != 0))
        if len(rows):
            group = group_rows(mix(self.session[rows], self.actor[rows].astype(np.uint64)))
            best = np.zeros(len(group.first), np.int8)
            np.maximum.at(best, group.place, self.level[rows])
            hit[rows] &= best[group.place] > SINGLE
        return np.asarray(hit)


@dataclass(frozen=True, slots=True)
class MailSessions:
    """Hold mail access by account and session, as columns: number of records and messages, first and last time, one record id."""

    actor: Codes
    session: Keys
    records: Times
    messages: Times
    first: Times
    last: Times
    uid: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MethodChange:
    """Describe the registration of a sign-in method as its record does. `time` is in microseconds since 1970."""

    organisation: str
    account: str
    time: int
    uid: str
    activity: str
    detail: str
    parameters: str


def parse_parameters(parameters: str) -> Mapping[str, object]:
    """Return the JSON object of an event's `parameters`, or {} if it holds none."""
    try:
        value = json.loads(parameters) if parameters else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def find_method_owner(change: MethodChange) -> str:
    """Return the account that got the method: the target that the record names, else the account that acted."""
    target = str(parse_parameters(change.parameters).get("Target") or "").split(";")[0].strip().lower()
    return target if "@" in target else change.account


REGISTERED = (
    "User registered security info", "User registered all required security info", "Admin registered security info",
    "User changed default security info", "Enable Strong Authentication.", "user.mfa.factor.activate",
    "user.mfa.factor.update", "2sv_enroll", "titanium_enroll",
)  # fmt: skip
"""Operations of Entra, Okta and Google that register a method."""


@dataclass(slots=True)
class DayAggregator:
    """Collect the days of a scan one by one. `sign_ins` and `mail` then give the columns of all days."""

    systems: Vocabulary = field(default_factory=Vocabulary)
    changes: list[MethodChange] = field(default_factory=list)
    days: set[int] = field(default_factory=set)
    vocabularies: dict[str, Vocabulary] = field(default_factory=dict)
    accounts: dict[int, tuple[int, int]] = field(default_factory=dict)
    sources: dict[int, set[int]] = field(default_factory=dict)
    resource_names: dict[int, str] = field(default_factory=dict)
    _columns: dict[str, list[np.ndarray]] = field(default_factory=dict)
    _uids: list[pa.Array] = field(default_factory=list)
    _mail: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    _mail_uids: list[str] = field(default_factory=list)

    def observe(self, batch: CodedBatch, day: int) -> None:
        """Add the events of one day. `day` is the day's number since 1970."""
        self.days.add(day)
        self.vocabularies = dict(batch.vocabularies)
        is_person = batch.one_of("account_type", ("user",)) & (batch.actor != MISSING)
        self._remember_accounts(batch, np.flatnonzero(is_person))
        self._take_sign_ins(batch, np.flatnonzero(is_person & batch.one_of("kind", ("sign_in",))))
        self._take_mail(batch, np.flatnonzero(is_person & batch.one_of("kind", MAIL)))
        self._take_changes(batch)

    def sign_ins(self) -> SignIns:
        """Return all sign-ins."""
        columns = {name: np.concatenate(parts) for name, parts in self._columns.items()}
        if not columns:
            columns = {name: np.empty(0, kind) for name, kind in _KINDS.items()}
        uids = pa.concat_arrays(self._uids) if self._uids else pa.array([], pa.string())
        return SignIns(**columns, uid=uids)

    def mail(self) -> MailSessions:
        """Return the mail access of all days, summed by account and session."""
        if not self._mail:
            none = np.empty(0, np.int64)
            return MailSessions(np.empty(0, np.int32), np.empty(0, np.uint64), none, none, none, none, ())
        actor, session, records, messages, first, last = (
            np.concatenate(part) for part in zip(*self._mail, strict=True)
        )
        group = group_rows(mix(session, actor.astype(np.uint64)))
        count = len(group.first)
        totals = np.zeros((2, count), np.int64)
        np.add.at(totals[0], group.place, records)
        np.add.at(totals[1], group.place, messages)
        earliest, latest = first[group.first].copy(), last[group.first].copy()
        np.minimum.at(earliest, group.place, first)
        np.maximum.at(latest, group.place, last)
        uids = tuple(self._mail_uids[row] for row in group.first.tolist())
        return MailSessions(
            actor[group.first], session[group.first], totals[0], totals[1], earliest, latest, uids
        )

    def _remember_accounts(self, batch: CodedBatch, rows: npt.NDArray[np.intp]) -> None:
        """Remember each actor's organisation and account, and the sources of its records."""
        organisation, account, source = (batch.codes[name] for name in ("org_uid", "account", "source"))
        keys = (batch.actor[rows].astype(np.int64) << 32) | (source[rows].astype(np.int64) + 1)
        pairs, first = np.unique(keys, return_index=True)
        for key, row in zip(pairs.tolist(), rows[first].tolist(), strict=True):
            self.accounts.setdefault(key >> 32, (int(organisation[row]), int(account[row])))
            self.sources.setdefault(key >> 32, set()).add((key & 0xFFFFFFFF) - 1)

    def _take_sign_ins(self, batch: CodedBatch, rows: npt.NDArray[np.intp]) -> None:
        if not len(rows):
            return
        place, judged = self._judge_strengths(batch, rows)
        status = np.where(batch.one_of("status", ("success",))[rows], SUCCESS, OTHER)
        status = np.where(batch.one_of("status", ("failure",))[rows], FAILURE, status)
        denied = batch.one_of("status_code", NOT_GIVEN)[rows]
        flags = _column(judged, "flags", place)
        is_stated = ~batch.one_of("source", AUDIT_LOGS)[rows] | ((flags & (LEGACY | ROPC)) != 0)
        is_stated |= _column(judged, "level", place) > SINGLE
        found = {
            "time": batch.time[rows],
            "actor": batch.actor[rows],
            "session": batch.hash_column("session_uid")[rows],
            "level": _column(judged, "level", place) * is_stated,
            "aal": _column(judged, "aal", place) * is_stated,
            "method": _column(judged, "method", place),
            "flags": flags | np.where(batch.one_of("status_code", SUSPECTED)[rows], RISKY, 0),
            "path": _column(judged, "path", place),
            "system": np.array([self.systems.learn(one.system) for one in judged])[place],
            "interactive": batch.numbers["is_interactive"][rows],
            "outcome": status,
            "denied": denied,
            "enrol": batch.one_of("status_code", ENROL)[rows],
            "is_stepwise": ~batch.one_of("source", WHOLE)[rows],
        }
        codes = {
            "account": "account", "organisation": "org_uid", "app": "app_uid", "resource": "target_app_uid",
            "client_address": "src_ip", "country": "src_country", "network": "network", "object_id": "actor_user_uid",
        }  # fmt: skip
        found |= {name: batch.codes[column][rows] for name, column in codes.items()}
        for name, kind in _KINDS.items():
            self._columns.setdefault(name, []).append(np.asarray(found[name]).astype(kind))
        self._uids.append(batch.texts["metadata_uid"].take(pa.array(rows)))
        self._name_resources(batch, rows)

    def _judge_strengths(
        self, batch: CodedBatch, rows: npt.NDArray[np.intp]
    ) -> tuple[npt.NDArray[np.intp], list[SignInStrength]]:
        """Return each row's index in a list of distinct strengths, and that list: equal sign-ins are judged once."""
        said = batch.texts["parameters"].take(pa.array(rows)).dictionary_encode()
        numbers = said.indices.fill_null(MISSING).to_numpy(zero_copy_only=False)
        keys = np.zeros(len(rows), np.uint64)
        for column in (*(batch.codes[name][rows] for name in _BATCH_TEXTS), numbers):
            keys = mix(keys, (column.astype(np.int64) + 1).astype(np.uint64))
        group = group_rows(keys)
        texts = said.dictionary
        judged = []
        for row in group.first.tolist():
            values = [batch.value(name, int(rows[row])) for name in _BATCH_TEXTS]
            number = int(numbers[row])
            judged.append(judge_strength(*values, texts[number].as_py() or "" if number >= 0 else ""))
        return group.place, judged

    def _name_resources(self, batch: CodedBatch, rows: npt.NDArray[np.intp]) -> None:
        resources, first = np.unique(batch.codes["target_app_uid"][rows], return_index=True)
        for code, row in zip(resources.tolist(), rows[first].tolist(), strict=True):
            if code >= 0 and code not in self.resource_names:
                self.resource_names[code] = batch.value("resource_uid", row)

    def _take_mail(self, batch: CodedBatch, rows: npt.NDArray[np.intp]) -> None:
        if not len(rows):
            return
        session, actor = batch.hash_column("session_uid")[rows], batch.actor[rows]
        group = group_rows(mix(session, actor.astype(np.uint64)))
        count = len(group.first)
        records = np.bincount(group.place, minlength=count)
        items = np.maximum(batch.numbers["item_count"][rows].astype(np.int64), 0)
        messages = np.zeros(count, np.int64)
        np.add.at(messages, group.place, items)
        last = np.zeros(count, np.int64)
        np.maximum.at(last, group.place, batch.time[rows])
        first = np.full(count, np.iinfo(np.int64).max)
        np.minimum.at(first, group.place, batch.time[rows])
        self._mail.append((actor[group.first], session[group.first], records, messages, first, last))
        uids = batch.texts["metadata_uid"].take(pa.array(rows[group.first]))
        self._mail_uids += [uid or "" for uid in uids.to_pylist()]

    def _take_changes(self, batch: CodedBatch) -> None:
        rows = np.flatnonzero(
            batch.one_of("activity_name", REGISTERED) & ~batch.one_of("status", ("failure",))
        )
        for row in rows.tolist():  # registrations are rare
            self.changes.append(
                MethodChange(
                    batch.value("org_uid", row), batch.value("account", row), int(batch.time[row]),
                    batch.value("metadata_uid", row), batch.value("activity_name", row),
                    batch.value("status_detail", row), batch.value("parameters", row),
                )
            )  # fmt: skip


def _column(judged: list[SignInStrength], name: str, place: npt.NDArray[np.intp]) -> np.ndarray:
    return np.array([getattr(one, name) for one in judged], np.int64)[place]


_KINDS: dict[str, type] = {
    "time": np.int64, "actor": np.int32, "account": np.int32, "organisation": np.int32, "session": np.uint64,
    "level": np.int8, "aal": np.int8, "method": np.int8, "flags": np.int16, "path": np.int8, "system": np.int32,
    "interactive": np.int8, "outcome": np.int8, "denied": np.bool_, "enrol": np.bool_, "app": np.int32, "resource": np.int32,
    "client_address": np.int32, "country": np.int32, "network": np.int32, "object_id": np.int32,
    "is_stepwise": np.bool_,
}  # fmt: skip

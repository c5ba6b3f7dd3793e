"""Find sign-ins after another person, often a help desk, removed or replaced an account's factors."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from seawall.detection.rules.rule import BuiltinRule, match_operations
from seawall.events.array_state import RestoredState, State, pack_texts
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Keys, Times, pair_keys

WINDOW = 24 * 60 * 60 * 1_000_000
"""How long after a reset a sign-in may exploit it, in microseconds. An attacker who requested the reset does not wait."""

_resets = match_operations(
    "user.mfa.factor.reset_all",
    "user.mfa.factor.deactivate",
    "user.mfa.factor.suspend",
    "TURN_OFF_2_STEP_VERIFICATION",
    "UNENROLL_USER_FROM_STRONG_AUTH",
    "UNENROLL_USER_FROM_TITANIUM",
    "GENERATE_2SV_SCRATCH_CODES",
    "SECURITY_KEY_REGISTERED_FOR_USER",
    "REVOKE_SECURITY_KEY",
    "PASSKEY_REVOKED",
    "ADD_RECOVERY_EMAIL",
    "ADD_RECOVERY_PHONE",
    "CHANGE_RECOVERY_EMAIL",
    "CHANGE_RECOVERY_PHONE",
    "Admin registered security info",
    "Admin updated security info",
    "Admin deleted security info",
    "Disable Strong Authentication",
)

Name = tuple[str, str]
NamedReset = tuple[str, str, int]
"""Organisation, account, and microseconds since 1970."""


class FactorResets:
    """Remember for `WINDOW` when another person last changed each account's factors, by organisation and account name."""

    def __init__(self) -> None:
        self._last: dict[Name, int] = {}

    def observe(self, batch: CodedBatch) -> Bools:
        """Return which successful sign-ins came within `WINDOW` after a reset, bool (n,); then remember the day's resets."""
        return self.observe_resets(batch, name_resets(batch), int(batch.time.max(initial=0)))

    def observe_resets(self, batch: CodedBatch, resets: Iterable[NamedReset], now: int) -> Bools:
        """Do the same with the resets of all accounts, as organisation, account and time; `now` is the day's last event."""
        marked = np.zeros(len(batch), bool)
        today = (((organisation, account), time) for organisation, account, time in resets)
        found = [*((name, time) for name, time in self._last.items()), *today]
        if not found:
            return marked
        rows = np.flatnonzero(batch.one_of("kind", ("sign_in",)) & batch.one_of("status", ("success",)))
        organisations, accounts = batch.vocabularies["org_uid"], batch.vocabularies["account"]
        named = np.array([(organisations.code(one), accounts.code(two)) for (one, two), _ in found], np.int32)
        reset = pair_keys(named[:, 0], named[:, 1])
        used = pair_keys(batch.codes["org_uid"][rows], batch.codes["account"][rows])
        is_known = (named != MISSING).all(axis=1)
        times = np.array([time for _, time in found], np.int64)
        last = _latest_reset_before(reset[is_known], times[is_known], used, batch.time[rows])
        marked[rows] = last >= batch.time[rows] - WINDOW
        self._remember(found, now)
        return marked

    def _remember(self, found: list[tuple[Name, int]], now: int) -> None:
        self._last = {}
        for name, time in found:
            if time > now - WINDOW:
                self._last[name] = max(time, self._last.get(name, time))

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        rows = sorted(self._last.items())
        return {
            **pack_texts("organisations", (organisation for (organisation, _), _ in rows)),
            **pack_texts("accounts", (account for (_, account), _ in rows)),
            "times": np.array([time for _, time in rows], np.int64),
        }

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        times = saved.array("times", np.int64, None).tolist()
        organisations = saved.texts("organisations", len(times))
        names = zip(organisations, saved.texts("accounts", len(times)), strict=True)
        self._last = dict(zip(names, times, strict=True))


def list_reset_rows(batch: CodedBatch) -> list[tuple[int, str]]:
    """Return the rows that change another person's factors, and the name of that person's account."""
    found = []
    for row in np.flatnonzero(_resets(batch)).tolist():
        target = (batch.texts["resource_uid"][row].as_py() or "").lower()
        if "@" in target and target != batch.value("account", row):
            found.append((row, target))
    return found


def name_resets(batch: CodedBatch) -> list[NamedReset]:
    """Return the accounts whose factors another person changed, with the times."""
    rows = list_reset_rows(batch)
    return [(batch.value("org_uid", row), target, int(batch.time[row])) for row, target in rows]


def _latest_reset_before(reset: Keys, times: Times, used: Keys, at: Times) -> Times:
    """Return the latest reset at or before each use, int64 (n,); a time far in the past if none."""
    keys, moments = np.concatenate([reset, used]), np.concatenate([times, at])
    is_use = np.arange(len(keys)) >= len(reset)
    order = np.lexsort((is_use, moments, keys))
    before = np.maximum.accumulate(np.where(is_use[order], -1, np.arange(len(order))))
    resets = order[np.maximum(before, 0)]
    has = (before >= 0) & (keys[resets] == keys[order])
    latest = np.full(len(keys), np.iinfo(np.int64).min // 2)
    latest[order[has]] = moments[resets[has]]
    return latest[len(reset) :]


RULES = (
    BuiltinRule(
        "sign-in-after-reset",
        "identity",
        "T1556.006 Multi-Factor Authentication",
        "signs in within a day after somebody else took away or replaced its factors",
        "resets of passwords alone; intruders who wait for more than a day; resets that name no address",
        memory=FactorResets,
    ),
)

"""Cache an issuer's keys: fresh while the source answers, stale for a limited time, then refused.

1. A set is fresh for `ttl`. In the last fifth of it, a lookup starts a background refresh and does not wait.
2. After `ttl`, a lookup waits for one refresh. If that fails, the old set is used until `stale_limit` after its load.
   Then every lookup is refused (`key-source-unavailable`, or the code of the invalid set).
3. An invalid set is a failure like any other and never replaces a valid set.
4. Unknown, absent and retired `kid`s together start at most one refresh in `unknown_kid_interval`.
5. A key that a valid set no longer lists is absent: still valid, and retired after the limits in `absence`. A retired
   key is remembered, so that it is refused by its own code, and its return is logged.
6. A key that appears among known keys is logged, and may be held for `quarantine` before it is valid.
7. A key that was denied here (`deny`) is revoked at once, whatever the source says.
8. One refresh runs at a time. A lookup that finds a newer set once it holds the lock uses it and starts no refresh.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from seawall_tokens.keys.absence import KeyAbsence, count_absences
from seawall_tokens.keys.first_seen import FirstSeen
from seawall_tokens.keys.origins import Origin, OriginFailed, refusal_of
from seawall_tokens.policy.issuer_policy import IssuerKey, issuer_fits
from seawall_tokens.refusals.signing_key import KeyUnfit, KeyUnknown, KeyUseWrong

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall_tokens.jose.key_set import KeySet, RefusedKey

AHEAD: Final = 0.8
"""Share of `ttl` after which a background refresh starts."""
MOST_RETIRED: Final = 256

_log = logging.getLogger("seawall.key_cache")


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """Lifetimes and intervals of the cache. Durations in seconds.

    `retry` is the pause after a failure. `wait` is how long a lookup waits for a refresh that it needs, `first_wait`
    the same before the first load. `denied` are names or thumbprints of revoked keys; `approved` are thumbprints that
    skip quarantine.
    """

    ttl: float = 300.0
    stale_limit: float = 4 * 3600.0
    unknown_kid_interval: float = 30.0
    retry: float = 10.0
    wait: float = 2.0
    first_wait: float = 10.0
    quarantine: float = 0.0
    denied: frozenset[str] = frozenset()
    approved: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """State of a key source. `age` is seconds since the last successful load, None before the first.

    `failure` is the code of the last refresh's failure, None after success. `serving` is false while lookups are
    refused. `quarantined` are thumbprints still held.
    """

    issuer: str
    keys: int
    age: float | None
    failure: str | None
    serving: bool
    quarantined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """One loaded set, immutable and replaced as a whole. `loaded` is in ticks."""

    held: Mapping[str, IssuerKey]
    refused: Mapping[str, RefusedKey]
    loaded: float
    absent: Mapping[str, KeyAbsence]


@dataclass(slots=True)
class _Attempts:
    """The earliest times of the next attempts, in ticks, and the running refresh."""

    after_failure: float = float("-inf")
    after_unknown: float = float("-inf")
    running: threading.Event | None = None
    failure: OriginFailed | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class KeyCache:
    """The keys of one issuer (`seawall_tokens.policy.issuer_policy.KeySource`). Safe for any number of threads.

    `issuer` may contain `{tenantid}`. `clock` is the time of day, `ticks` a monotonic clock; both in seconds. Raises
    `FirstSeenFileInvalid` if the first-seen file exists but is damaged.
    """

    def __init__(
        self,
        issuer: str,
        origin: Origin,
        settings: CacheSettings | None = None,
        *,
        memory: FirstSeen | None = None,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self.settings = settings or CacheSettings()
        self._origin = origin
        self._memory = memory or FirstSeen()
        self._clock = clock
        self._ticks = ticks
        self._snapshot: _Snapshot | None = None
        self._attempts = _Attempts()
        self._denied = self.settings.denied

    def lookup(self, issuer: str, kid: str, now: float) -> IssuerKey:  # noqa: ARG002 - ages are the cache's own
        """Return the key `kid` of `issuer`.

        Raises `KeyUnknown`, `KeyUnfit`, `KeySourceUnavailable`, or the refusal of the whole set.
        """
        if issuer != self.issuer and not issuer_fits(self.issuer, issuer):
            raise KeyUnknown
        snapshot = self._fresh()
        held = snapshot.held.get(kid)
        if held is None:
            held = self._unknown(snapshot, kid)
        elif kid in snapshot.absent and not self._is_denied(kid, held):
            held = self._missing(snapshot, kid)
        return self._unless_denied(kid, held)

    def at_hand(self, issuer: str, kid: str) -> IssuerKey | None:
        """Return what `lookup` would if it needs no waiting, else None. Never raises.

        A due refresh starts in the background; meanwhile the old set is used, up to `stale_limit`.
        """
        snapshot = self._snapshot
        if snapshot is None or (issuer != self.issuer and not issuer_fits(self.issuer, issuer)):
            return None
        age = self._ticks() - snapshot.loaded
        if age >= self.settings.ttl * AHEAD:
            self._start_refresh(snapshot)
            if age >= self.settings.stale_limit:
                return None
        held = snapshot.held.get(kid)
        if held is None:
            return None
        if kid in snapshot.absent and not self._is_denied(kid, held):
            held = _with_absence(held, snapshot.absent[kid], self._ticks())
            if held.state == "retired" and self._may_ask_again(snapshot):
                return None
            self._ask_again(snapshot)
        return self._unless_denied(kid, held)

    def deny(self, names: Iterable[str]) -> None:
        """Revoke keys by name or thumbprint, from the next lookup on."""
        with self._attempts.lock:
            self._denied = self._denied | frozenset(names)

    def warm(self) -> SourceStatus:
        """Load the set now if none is loaded, and wait. Never raises."""
        if self._snapshot is None:
            self._refresh_and_wait(None, self.settings.first_wait)
        return self.status()

    def status(self) -> SourceStatus:
        """Return the present state of the source."""
        snapshot, failure = self._snapshot, self._attempts.failure
        age = None if snapshot is None else self._ticks() - snapshot.loaded
        held = snapshot.held.values() if snapshot is not None else ()
        now = self._clock()
        return SourceStatus(
            issuer=self.issuer,
            keys=sum(key.state == "active" for key in held),
            age=age,
            failure=None if failure is None else failure.code,
            serving=age is not None and age < self.settings.stale_limit,
            quarantined=tuple(key.key.thumbprint for key in held if key.quarantined_until > now),
        )

    def _is_denied(self, kid: str, held: IssuerKey) -> bool:
        denied = self._denied
        return bool(denied) and (kid in denied or held.key.thumbprint in denied)

    def _unless_denied(self, kid: str, held: IssuerKey) -> IssuerKey:
        return dataclasses.replace(held, state="revoked") if self._is_denied(kid, held) else held

    def _fresh(self) -> _Snapshot:
        """Return the set to use now, or raise the refusal if there is none."""
        snapshot, settings = self._snapshot, self.settings
        if snapshot is not None:
            age = self._ticks() - snapshot.loaded
            if age < settings.ttl * AHEAD:
                return snapshot
            if age < settings.ttl:
                self._start_refresh(snapshot)
                return snapshot
        self._refresh_and_wait(snapshot, settings.first_wait if snapshot is None else settings.wait)
        snapshot = self._snapshot
        if snapshot is None or self._ticks() - snapshot.loaded >= settings.stale_limit:
            raise refusal_of(self._attempts.failure)
        return snapshot

    def _unknown(self, snapshot: _Snapshot, kid: str) -> IssuerKey:
        """Look up a name missing from the set, after a rate-limited refresh."""
        running = self._ask_again(snapshot)
        if running is not None:
            running.wait(self.settings.wait)
        snapshot = self._snapshot or snapshot
        held = snapshot.held.get(kid)
        if held is not None:
            return held
        refused = snapshot.refused.get(kid)
        if refused is not None:
            raise (KeyUseWrong if refused.code in {"use", "operations"} else KeyUnfit)(refused.code)
        raise KeyUnknown

    def _missing(self, snapshot: _Snapshot, kid: str) -> IssuerKey:
        """Return a key that the last set lacked; wait for a rate-limited refresh only if the key is refused."""
        running = self._ask_again(snapshot)
        held = _with_absence(snapshot.held[kid], snapshot.absent[kid], self._ticks())
        if held.state == "active" or running is None:
            return held
        running.wait(self.settings.wait)
        now = self._snapshot or snapshot
        found, absence = now.held.get(kid), now.absent.get(kid)
        if found is None:  # now listed but unfit: the next lookup raises the reason
            return held
        return found if absence is None else _with_absence(found, absence, self._ticks())

    def _may_ask_again(self, snapshot: _Snapshot) -> bool:
        return self._ticks() >= self._attempts.after_unknown and self._snapshot is snapshot

    def _ask_again(self, snapshot: _Snapshot) -> threading.Event | None:
        """Return the running refresh, or start one unless the interval forbids it; None without one."""
        attempts = self._attempts
        with attempts.lock:
            if not self._may_ask_again(snapshot):
                return attempts.running
            attempts.after_unknown = self._ticks() + self.settings.unknown_kid_interval
            return self._begin_refresh()

    def _refresh_and_wait(self, seen: _Snapshot | None, seconds: float) -> None:
        running = self._start_refresh(seen)
        if running is not None:
            running.wait(seconds)

    def _start_refresh(self, seen: _Snapshot | None) -> threading.Event | None:
        """Return the running or newly started refresh of the set that was `seen`, as an event set at its end.

        None if there is nothing to wait for: that set was replaced, or the last refresh failed just now.
        """
        with self._attempts.lock:
            return self._begin_refresh() if self._snapshot is seen else None

    def _begin_refresh(self) -> threading.Event | None:
        """Return the running refresh, or start one unless the last one failed just now. The caller holds the lock."""
        attempts = self._attempts
        if attempts.running is not None:
            return attempts.running
        if self._ticks() < attempts.after_failure:
            return None
        done = attempts.running = threading.Event()
        try:
            threading.Thread(target=self._refresh, args=(done,), name="seawall-keys", daemon=True).start()
        except RuntimeError:  # no thread could start, so nobody may wait for the refresh
            attempts.running = None
            return None
        return done

    def _refresh(self, done: threading.Event) -> None:
        attempts = self._attempts
        try:
            failure = self._load()
        except Exception as error:  # noqa: BLE001 - whatever breaks while loading is a failure to load, and counted
            failure = OriginFailed("unexpected", type(error).__name__)
        with attempts.lock:
            attempts.failure = failure
            if failure is not None:
                attempts.after_failure = self._ticks() + self.settings.retry
            attempts.running = None
        try:
            if failure is not None:
                self._say_failed(failure)
        finally:
            done.set()

    def _load(self) -> OriginFailed | None:
        try:
            loaded = self._origin()
        except OriginFailed as failure:
            return failure
        self._adopt(loaded)
        return None

    def _say_failed(self, failure: OriginFailed) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            _log.error("keys of %s could not be loaded: %s", ascii(self.issuer), failure)
            return
        left = self.settings.stale_limit - (self._ticks() - snapshot.loaded)
        outlook = (
            f"the old keys serve for {left:.0f} s more"
            if left > 0
            else "the old keys are too old: all refused"
        )
        _log.warning("keys of %s could not be refreshed: %s; %s", ascii(self.issuer), failure, outlook)

    def _adopt(self, loaded: KeySet) -> None:
        """Replace the old set by a valid one."""
        previous = self._snapshot.held if self._snapshot is not None else {}
        self._say_returned(previous, loaded)
        fresh = self._note(frozenset(key.thumbprint for key in loaded.keys))
        held: dict[str, IssuerKey] = {}
        for kid, key in loaded.by_kid.items():
            sighting = self._memory.get(key.thumbprint)
            seen = self._clock() if sighting is None else sighting.at
            new = sighting is None or sighting.among_known
            until = seen + self.settings.quarantine if new and self.settings.quarantine else 0.0
            held[kid] = IssuerKey(
                key, seen, "active", 0.0 if key.thumbprint in self.settings.approved else until
            )
            if key.thumbprint in fresh and new:
                self._say_new(kid, held[kid], previous.get(kid))
        ticks = self._ticks()
        missing = [kid for kid in previous if kid not in held and kid not in loaded.refused_by_kid]
        before = self._snapshot.absent if self._snapshot is not None else {}
        absent = count_absences(before, missing, ticks)
        kept = {kid: _with_absence(previous[kid], absent[kid], ticks) for kid in missing}
        self._say_missing(previous, kept, absent)
        # active keys sort last: the longest retired are forgotten first
        order = sorted(kept, key=lambda kid: kept[kid].state == "active")[-MOST_RETIRED:]
        self._snapshot = _Snapshot(
            MappingProxyType({kid: kept[kid] for kid in order} | held),
            loaded.refused_by_kid,
            ticks,
            MappingProxyType({kid: absent[kid] for kid in order}),
        )

    def _say_missing(
        self,
        previous: Mapping[str, IssuerKey],
        kept: Mapping[str, IssuerKey],
        absent: Mapping[str, KeyAbsence],
    ) -> None:
        for kid, key in kept.items():
            if key.state == "retired" and previous[kid].state == "active":
                _log.warning("keys of %s: %s is no longer listed: retired", ascii(self.issuer), ascii(kid))
            elif absent[kid].answers == 1:
                _log.warning("keys of %s: %s is not listed: absent", ascii(self.issuer), ascii(kid))

    def _note(self, thumbprints: frozenset[str]) -> frozenset[str]:
        fresh = self._memory.note(thumbprints, self._clock())
        if self._memory.trouble is not None:
            _log.error(
                "keys of %s: first sightings were not kept: %s", ascii(self.issuer), self._memory.trouble
            )
        return fresh

    def _say_returned(self, previous: Mapping[str, IssuerKey], loaded: KeySet) -> None:
        """Log that a formerly listed key is listed again, under any name. Storm-0558 used such a key."""
        gone = {old.key.thumbprint for old in previous.values() if old.state == "retired"}
        gone -= {old.key.thumbprint for old in previous.values() if old.state == "active"}
        for key in loaded.keys:
            if key.thumbprint in gone:
                _log.warning(
                    "keys of %s: %s was retired and is listed again, thumbprint %s",
                    ascii(self.issuer),
                    ascii((key.kid or "")[:200]),
                    key.thumbprint,
                )

    def _say_new(self, kid: str, held: IssuerKey, before: IssuerKey | None) -> None:
        change = "another key under a known name" if before is not None else "a new key"
        hold = max(held.quarantined_until - self._clock(), 0.0)
        _log.warning(
            "keys of %s: %s: %s, thumbprint %s%s",
            ascii(self.issuer),
            change,
            ascii(kid[:200]),
            held.key.thumbprint,
            f", held for {hold:.0f} s" if hold else "",
        )


def _with_absence(held: IssuerKey, absence: KeyAbsence, ticks: float) -> IssuerKey:
    """Return the key, marked as retired if its absence is over."""
    return dataclasses.replace(held, state="retired") if absence.is_over(ticks) else held

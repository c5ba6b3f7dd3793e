"""Check 11: hold all revocations in memory and check each token against them before its signature.

Readers hold an immutable snapshot. A change creates another snapshot that shares all unchanged parts, and one
assignment replaces it. So readers need no lock and never see half of a change.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from seawall_tokens.refusals import claims, revoked
from seawall_tokens.revocation.entry import ANY_ISSUER, Key, Kind, Revocation
from seawall_tokens.verify.spelling import fold_issuer, fold_name

SHARDS = 4096
"""Parts of a large table. A change copies one part and this many pointers, never the table."""

SMALL = 4096
"""Up to this many entries, a table is a single part."""


class NameIndex:
    """An immutable map from names to numbers, split into parts so that a changed copy is cheap."""

    __slots__ = ("count", "mask", "parts")

    def __init__(self, parts: tuple[dict[str, float], ...], count: int) -> None:
        self.parts = parts
        self.mask = len(parts) - 1
        self.count = count

    def get(self, name: str) -> float | None:
        """Return the number of a name, None if it is missing."""
        return self.parts[hash(name) & self.mask].get(name)

    def apply_changes(self, changes: Mapping[str, float | None]) -> NameIndex:
        """Return a copy in which each name has its new number, or is removed if that is None."""
        parts = list(self.parts)
        if len(parts) == 1 and self.count + len(changes) > SMALL:
            parts = _split(parts[0])
        mask, count, copied = len(parts) - 1, self.count, set()
        for name, number in changes.items():
            index = hash(name) & mask
            if index not in copied:
                copied.add(index)
                parts[index] = dict(parts[index])
            part = parts[index]
            count -= len(part)
            if number is None:
                part.pop(name, None)
            else:
                part[name] = number
            count += len(part)
        return NameIndex(tuple(parts), count)


def _split(whole: dict[str, float]) -> list[dict[str, float]]:
    parts: list[dict[str, float]] = [{} for _ in range(SHARDS)]
    for name, number in whole.items():
        parts[hash(name) & (SHARDS - 1)][name] = number
    return parts


NO_NAMES: Final = NameIndex(({},), 0)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The revocations of one issuer, or of all; None for an empty table."""

    issuer: NameIndex | None = None
    thumbprint: NameIndex | None = None
    kid: NameIndex | None = None
    client: NameIndex | None = None
    subject: NameIndex | None = None
    session: NameIndex | None = None
    token_id: NameIndex | None = None
    not_before: NameIndex | None = None

    def table(self, kind: Kind) -> NameIndex:
        return getattr(self, kind.replace("-", "_")) or NO_NAMES

    def with_table(self, kind: Kind, names: NameIndex) -> _Scope:
        return replace(self, **{kind.replace("-", "_"): names if names.count else None})

    def refuse_key(self, kid: str | None, thumbprint: str | None) -> None:
        if self.issuer is not None:
            raise revoked.RevokedIssuer
        if self.thumbprint is not None and thumbprint is not None and self.thumbprint.get(thumbprint):
            raise revoked.RevokedThumbprint
        if self.kid is not None and kid is not None and self.kid.get(kid):
            raise revoked.RevokedKey

    def refuse_holder(
        self, client: str | None, subjects: tuple[str, ...], session: str | None, token_id: str | None
    ) -> None:
        if self.client is not None and client is not None and self.client.get(client):
            raise revoked.RevokedClient
        if self.subject is not None and any(self.subject.get(name) for name in subjects):
            raise revoked.RevokedSubject
        if self.session is not None and session is not None and self.session.get(session):
            raise revoked.RevokedSession
        if self.token_id is not None and token_id is not None and self.token_id.get(token_id):
            raise revoked.RevokedToken

    def refuse_time(self, subjects: tuple[str, ...], issued_at: float | None) -> None:
        if self.not_before is None:
            return
        for name in ("", *subjects):
            bound = self.not_before.get(name)
            # This form refuses a missing time and NaN too.
            if bound is not None and not (issued_at is not None and issued_at >= bound):
                raise revoked.RevokedNotBefore


_NUMBERS: Final = frozenset({int, float})
_NOTHING: Final = _Scope()


class RevocationSnapshot:
    """An immutable state of all revocations."""

    __slots__ = ("anywhere", "count", "scopes")

    def __init__(self, scopes: dict[str, _Scope], count: int) -> None:
        self.scopes = scopes
        self.anywhere = scopes.get(ANY_ISSUER, _NOTHING)
        self.count = count
        """Number of distinct revoked keys."""

    def apply_changes(self, changes: Mapping[Key, float | None]) -> RevocationSnapshot:
        """Return a copy in which each key has its new weight, or is no longer revoked if that is None."""
        grouped: dict[tuple[str, Kind], dict[str, float | None]] = {}
        for (kind, issuer, value), weight in changes.items():
            grouped.setdefault((issuer, kind), {})[value] = weight
        scopes, count = dict(self.scopes), self.count
        for (issuer, kind), names in grouped.items():
            scope = scopes.get(issuer, _NOTHING)
            before = scope.table(kind)
            after = before.apply_changes(names)
            count += after.count - before.count
            scopes[issuer] = scope.with_table(kind, after)
            if scopes[issuer] == _NOTHING:
                del scopes[issuer]
        return RevocationSnapshot(scopes, count)


EMPTY: Final = RevocationSnapshot({}, 0)


class Revocations:
    """The revocations in force; every worker queries one of these.

    By itself it never goes stale. Once `keep_fresh` was called, it must be called again in time. Otherwise everything
    is refused, because later revocations are unknown.
    """

    __slots__ = ("_deadline", "_view")

    empty: ClassVar[Revocations]
    """The empty revocations, which never go stale."""

    def __init__(self, view: RevocationSnapshot = EMPTY) -> None:
        self._view = view
        self._deadline: float | None = None

    @classmethod
    def of(cls, entries: Iterable[Revocation], *, now: float) -> Revocations:
        """Return the state after these entries, without those expired by `now`."""
        return cls(EMPTY.apply_changes(weights(entries, now=now)))

    @property
    def view(self) -> RevocationSnapshot:
        """Return the snapshot that readers see now."""
        return self._view

    def swap(self, view: RevocationSnapshot) -> None:
        """Replace the snapshot that readers see."""
        if self is Revocations.empty:
            raise TypeError("the empty revocations stay empty")
        self._view = view

    def keep_fresh(self, seconds: float) -> None:
        """Confirm the snapshot: it may be trusted for this many seconds from now."""
        if self is Revocations.empty:
            raise TypeError("the empty revocations stay empty")
        self._deadline = time.monotonic() + seconds

    @property
    def stale(self) -> bool:
        """Return whether the snapshot was not confirmed in time."""
        return self._deadline is not None and time.monotonic() > self._deadline

    def refuse(
        self,
        *,
        issuer: str,
        kid: str | None,
        thumbprint: str | None,
        subject: str | None,
        session: str | None,
        token_id: str | None,
        issued_at: float | None,
        client: str | None,
        object_id: str | None = None,
    ) -> None:
        """Raise the fitting refusal if any of these values is revoked.

        The values come from the unverified token. `object_id` is a second name of the subject (`oid`, which Entra
        keeps the same for all applications). A value that is not a text is refused, because it would match no entry.
        Names are compared normalised (`seawall_tokens.verify.spelling`), key names and thumbprints exactly.
        """
        if self.stale:
            raise revoked.RevocationsUnavailable
        view = self._view
        if not view.count:
            return
        for value in (kid, thumbprint, subject, session, token_id, client, object_id):
            if value is not None and type(value) is not str:
                raise claims.ClaimMalformed
        if type(issuer) is not str or (issued_at is not None and type(issued_at) not in _NUMBERS):
            raise claims.ClaimMalformed
        own = view.scopes.get(fold_issuer(issuer))
        subjects = tuple(fold_name(name) for name in (subject, object_id) if name)
        client, session, token_id = (name and fold_name(name) for name in (client, session, token_id))
        for scope in (view.anywhere,) if own is None else (own, view.anywhere):
            scope.refuse_key(kid, thumbprint)
            scope.refuse_holder(client, subjects, session, token_id)
            scope.refuse_time(subjects, issued_at)


Revocations.empty = Revocations()


def weights(entries: Iterable[Revocation], *, now: float) -> dict[Key, float | None]:
    """Return the weight of each key after these entries, without those expired by `now`."""
    found: dict[Key, float | None] = {}
    for entry in entries:
        if entry.expires is None or entry.expires > now:
            known = found.get(entry.key)
            found[entry.key] = entry.weight if known is None else max(known, entry.weight)
    return found

"""Record, lift and list revocations as an administrator, in a store on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from seawall_tokens.revocation.entry import Revocation
from seawall_tokens.revocation.form import describe_revocation
from seawall_tokens.revocation.store import RevocationStore, StoredRevocation


class RevocationAdmin(Protocol):
    """The interface for administrators, of a local store or a gate (`seawall.gate.admin_client`).

    Documents are JSON values.
    """

    def revoke(self, document: dict[str, Any]) -> dict[str, Any]:
        """Record one revocation; return it as recorded."""
        ...

    def lift(self, number: int, *, reason: str, who: str) -> dict[str, Any]:
        """Lift one revocation; return it."""
        ...

    def list_revocations(self, *, all_of_them: bool) -> list[dict[str, Any]]:
        """Return the revocations in force, oldest first; with `all_of_them` also lifted and expired ones."""
        ...


class LocalRevocationAdmin:
    """A local store, opened for each call. `create` makes a missing one. Raises `StoreBroken` or `RevocationInvalid`."""

    def __init__(self, path: Path, *, create: bool = False, clock: Callable[[], float] = time.time) -> None:
        self.created = create and not path.exists()
        if self.created:
            RevocationStore.create(path).close()
        self._path = path
        self._clock = clock
        RevocationStore.open(path, thorough=True).close()

    def revoke(self, document: dict[str, Any]) -> dict[str, Any]:
        """Record one revocation, as `RevocationAdmin` says."""
        entry = Revocation(**document, at=self._clock())
        with RevocationStore.open(self._path) as store:
            (number,) = store.append([entry])
        return describe_revocation(StoredRevocation(number, entry))

    def lift(self, number: int, *, reason: str, who: str) -> dict[str, Any]:
        """Lift one revocation, as `RevocationAdmin` says."""
        with RevocationStore.open(self._path) as store:
            return describe_revocation(store.lift(number, reason=reason, who=who, at=self._clock()))

    def list_revocations(self, *, all_of_them: bool) -> list[dict[str, Any]]:
        """List revocations, as `RevocationAdmin` says."""
        with RevocationStore.open(self._path) as store:
            return [
                describe_revocation(one) for one in store.entries(now=self._clock(), all_of_them=all_of_them)
            ]

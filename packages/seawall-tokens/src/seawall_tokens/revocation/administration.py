"""The three things that an administrator does with revocations, on a store of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from seawall_tokens.revocation.entry import Revocation
from seawall_tokens.revocation.form import describe_revocation
from seawall_tokens.revocation.store import RevocationStore, StoredRevocation


class RevocationAdmin(Protocol):
    """Where an administrator goes: a store here, or a gate (`seawall.gate.admin_client`). Documents are JSON values."""

    def revoke(self, document: dict[str, Any]) -> dict[str, Any]:
        """Record one revocation; return it as recorded."""
        ...

    def lift(self, number: int, *, reason: str, who: str) -> dict[str, Any]:
        """Take one back; return it."""
        ...

    def listed(self, *, all_of_them: bool) -> list[dict[str, Any]]:
        """Those that stand, oldest first; `all_of_them` also the lifted and the ended."""
        ...


class LocalRevocationAdmin:
    """A store, opened for each act. `create` makes one where there is none. Raises `StoreBroken`, `RevocationInvalid`."""

    def __init__(self, path: Path, *, create: bool = False, clock: Callable[[], float] = time.time) -> None:
        self.created = create and not path.exists()
        if self.created:
            RevocationStore.create(path).close()
        self._path = path
        self._clock = clock
        RevocationStore.open(path, thorough=True).close()

    def revoke(self, document: dict[str, Any]) -> dict[str, Any]:
        """As `RevocationAdmin` says."""
        entry = Revocation(**document, at=self._clock())
        with RevocationStore.open(self._path) as store:
            (number,) = store.append([entry])
        return describe_revocation(StoredRevocation(number, entry))

    def lift(self, number: int, *, reason: str, who: str) -> dict[str, Any]:
        """As `RevocationAdmin` says."""
        with RevocationStore.open(self._path) as store:
            return describe_revocation(store.lift(number, reason=reason, who=who, at=self._clock()))

    def listed(self, *, all_of_them: bool) -> list[dict[str, Any]]:
        """As `RevocationAdmin` says."""
        with RevocationStore.open(self._path) as store:
            return [
                describe_revocation(one) for one in store.entries(now=self._clock(), all_of_them=all_of_them)
            ]

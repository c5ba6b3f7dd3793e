"""The names that detection has joined with object ids, as the database keeps them for whoever reads the lake."""

from __future__ import annotations

from collections.abc import Iterable

from seawall.events.array_state import RestoredState, State, pack_texts
from seawall.storage.database import Database
from seawall.storage.files.state_file import unpack
from seawall.storage.lake.naming import Names

OBJECT_IDS = "object-ids"
"""What detection calls the state."""

STATE = f"detection/{OBJECT_IDS}"
"""What the database calls it."""


def names_state(joined: Iterable[tuple[str, str, str]]) -> State:
    """Return organisation, object id and name of each join as plain arrays."""
    rows = sorted(joined)
    return {
        **pack_texts("tenants", (tenant for tenant, _, _ in rows)),
        **pack_texts("ids", (uid for _, uid, _ in rows)),
        **pack_texts("names", (name for _, _, name in rows)),
    }


class JoinedNames:
    """Looks up the names of an organisation's object ids in the database. Threads may share it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: tuple[bytes, dict[str, dict[str, str]]] = (b"", {})

    def of(self, tenant: str) -> Names:
        """Return the account of each object id of an organisation, as of the last scoring."""
        with self._database.reading() as work:
            content = work.states.get(STATE) or b""
        if content != self._read[0]:
            self._read = content, _by_tenant(content)
        return self._read[1].get(tenant, {})


def _by_tenant(content: bytes) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    if content:
        saved = RestoredState(unpack(content))
        tenants, ids, names = (saved.texts(name) for name in ("tenants", "ids", "names"))
        for tenant, uid, name in zip(tenants, ids, names, strict=True):
            found.setdefault(tenant, {})[uid] = name
    return found

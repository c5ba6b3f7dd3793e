"""Account names that detection joined with object ids, stored in the database for readers of the lake."""

from __future__ import annotations

from collections.abc import Iterable

from seawall.events.array_state import RestoredState, State, pack_texts
from seawall.storage.database import Database
from seawall.storage.files.state_file import unpack
from seawall.storage.lake.account_names import Names

OBJECT_IDS = "object-ids"
"""Detection's name for the state."""

STATE = f"detection/{OBJECT_IDS}"
"""The database's name for the state."""


def names_state(joined: Iterable[tuple[str, str, str]]) -> State:
    """Return (organisation, object id, name) of each join as a state of three text columns."""
    rows = sorted(joined)
    return {
        **pack_texts("tenants", (tenant for tenant, _, _ in rows)),
        **pack_texts("ids", (uid for _, uid, _ in rows)),
        **pack_texts("names", (name for _, _, name in rows)),
    }


class JoinedNames:
    """Look up the account names of an organisation's object ids in the database. Threads may share an instance."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: tuple[tuple[bytes, ...], dict[str, dict[str, str]]] = ((), {})

    def of(self, tenant: str) -> Names:
        """Return account name by object id for an organisation, as of the last scoring."""
        with self._database.reading() as work:
            contents = tuple(work.states.every(STATE))
        if contents != self._read[0]:
            self._read = contents, _by_tenant(contents)
        return self._read[1].get(tenant, {})


def _by_tenant(contents: Iterable[bytes]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for content in contents:
        saved = RestoredState(unpack(content))
        tenants, ids, names = (saved.texts(name) for name in ("tenants", "ids", "names"))
        for tenant, uid, name in zip(tenants, ids, names, strict=True):
            found.setdefault(tenant, {})[uid] = name
    return found

"""Where a lake is, and whose events of it somebody sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seawall.storage.lake import layout


@dataclass(frozen=True, slots=True)
class LakePlace:
    """The folder of a lake, and the organisations that its reader is limited to, None: to none.

    Files beside the events, such as records as they came, are read by it. `narrowed.open_lake` opens it, in another process too.
    """

    root: Path
    organisations: frozenset[str] | None = None

    def holds(self, tenant: str) -> bool:
        """Return whether the reader sees an organisation."""
        return self.organisations is None or tenant in self.organisations

    def tenant_folders(self) -> list[Path]:
        """Return the folders with events of the organisations that the reader sees."""
        found = list(layout.folders(self.root))
        if self.organisations is None:
            return found
        names = {layout.tenant_folder(tenant) for tenant in self.organisations}
        return [folder for folder in found if folder.name in names]

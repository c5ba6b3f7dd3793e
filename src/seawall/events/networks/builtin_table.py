"""Load the built-in network table: sorted intervals of IPv4 and IPv6 addresses with AS and country."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.events.networks.table_file import Sections, read_verified, unpack
from seawall_base.errors import ArtefactInvalid

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class NetworkTable:
    """Hold the table in memory, about 7 MB.

    - `asn`, `names`: AS number (int64, -1 for row 0, "unknown") and organisation of each AS row.
    - `countries`: ISO 3166 alpha-2 code of each country row; row 0 is null.
    - `provenance`: content of `provenance.json`.
    """

    asn: npt.NDArray[np.int64]
    names: pa.StringArray
    countries: pa.StringArray
    provenance: dict[str, Any]
    _sections: Sections

    def find_v4(
        self, addresses: npt.NDArray[np.uint32]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """Return AS row and country row of each address, uint32 (n,). Sorted addresses are fastest."""
        return self._find("v4", addresses)

    def find_v6(
        self, addresses: npt.NDArray[np.bytes_]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """Return AS row and country row of each address, given as 16 big-endian bytes (dtype S16)."""
        return self._find("v6", addresses)

    def rows_of(self, asn: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """Return the AS row of each AS number, 0 if the table lacks it."""
        rows = np.searchsorted(self.asn, asn).clip(max=len(self.asn) - 1)
        return np.where(self.asn[rows] == asn, rows, 0).astype(np.int32)

    def _find(
        self, family: str, addresses: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        at = np.searchsorted(self._sections[f"{family}_first"], addresses, side="right") - 1
        return self._sections[f"{family}_asn"][at], self._sections[f"{family}_country"][at]


def load_table(folder: Path = DATA) -> NetworkTable:
    """Read and verify the table in `folder`. Raises ArtefactInvalid if it is missing or damaged."""
    try:
        provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
        path, digest = folder / provenance["artefact"], provenance["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise ArtefactInvalid(
            f"{folder / 'provenance.json'}: the network table's record cannot be read ({reason})",
            fix="Reinstall Seawall.",
        ) from reason
    sections = unpack(read_verified(path, digest), str(path))
    try:
        asn = sections["asn"].astype(np.int64)
        asn[0] = -1
        names = _texts(sections["name_offsets"], sections["name_bytes"], len(asn))
        rows = len(sections["country_offsets"]) - 1
        countries = _texts(sections["country_offsets"], sections["country_bytes"], rows)
        return NetworkTable(asn, names, countries, provenance, sections)
    except (KeyError, IndexError) as reason:
        raise ArtefactInvalid(f"{path}: the table lacks {reason}", fix="Reinstall Seawall.") from reason


def _texts(offsets: npt.NDArray[np.int32], text: npt.NDArray[np.uint8], rows: int) -> pa.StringArray:
    """Return an Arrow string array over the two buffers, without a copy; row 0 is null."""
    validity = np.packbits(np.arange(rows) > 0, bitorder="little")
    return pa.StringArray.from_buffers(
        rows, pa.py_buffer(offsets), pa.py_buffer(text), pa.py_buffer(validity), null_count=1
    )

"""Turns enriched event tables into integer codes, and back."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.schema.batches import MISSING, Codes, Vocabulary
from seawall.schema.events import ENRICHED_SCHEMA

NAMES = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_dictionary(f.type))
TEXTS = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_string(f.type))
FLAGS = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_boolean(f.type))
TIMES = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_timestamp(f.type) and f.name != "time")
INTEGERS = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_integer(f.type))
NUMBERS = (*FLAGS, *TIMES, *INTEGERS)

NETWORK = "network"
UNKNOWN_ORGANISATION = "unknown"


class Coder:
    """Holds one vocabulary per name column and learns from each table it encodes."""

    def __init__(self) -> None:
        self.vocabularies: dict[str, Vocabulary] = {name: Vocabulary() for name in (*NAMES, NETWORK)}
        self._homes: dict[str, dict[str, int]] = {}

    def encode(self, events: pa.Table) -> pa.Table:
        """Return the events with every name column as int32 codes (-1: null) and every number without nulls."""
        columns: dict[str, pa.Array | pa.ChunkedArray | np.ndarray] = {
            "time": events["time"].cast(pa.int64()),
        }
        for name in NAMES:
            columns[name] = self.vocabularies[name].encode(events[name])
        for name in TEXTS:
            columns[name] = events[name]
        for name in FLAGS:
            columns[name] = _numbers(events[name].cast(pa.int8()), MISSING).astype(np.int8)
        for name in TIMES:
            columns[name] = _numbers(events[name].cast(pa.int64()), 0)
        for name in INTEGERS:
            columns[name] = _numbers(events[name], MISSING)
        columns[NETWORK] = self._networks(columns)
        columns["org_uid"] = self._organisations(columns)
        return pa.table(columns)

    def _networks(self, columns: dict[str, np.ndarray]) -> Codes:
        """Code each event's network: its autonomous system with its name where known, else the address block."""
        asn, name, prefix = columns["src_asn"], columns["src_asn_name"], columns["src_prefix"]
        keys = np.where(asn >= 0, asn, -2 - prefix.astype(np.int64))
        distinct, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        codes = np.full(len(distinct), MISSING, np.int32)
        for place, (key, row) in enumerate(zip(distinct.tolist(), first.tolist(), strict=True)):
            if key >= 0:
                label = self.vocabularies["src_asn_name"].text(int(name[row]))
                codes[place] = self.vocabularies[NETWORK].learn(f"AS{key} {label}".strip())
            elif key < -1:
                codes[place] = self.vocabularies[NETWORK].learn(
                    self.vocabularies["src_prefix"].text(-2 - key)
                )
        return codes[inverse.reshape(-1)]

    def _organisations(self, columns: dict[str, np.ndarray]) -> Codes:
        """Note which organisation id each mail domain belongs to; stand in the domain where there is no id."""
        organisations, accounts = self.vocabularies["org_uid"], self.vocabularies["account"]
        organisation, account = columns["org_uid"], columns["account"]
        keys = np.unique((organisation.astype(np.int64) << 32) | (account.astype(np.int64) & 0xFFFFFFFF))
        stand_in = np.full(len(accounts) + 1, MISSING, np.int32)
        for key in keys.tolist():
            owner, code = key >> 32, key & 0xFFFFFFFF
            domain = (
                accounts.values[code].rpartition("@")[2]
                if code != 0xFFFFFFFF and "@" in accounts.values[code]
                else ""
            )
            if owner >= 0 and domain and organisations.values[owner] != domain:
                homes = self._homes.setdefault(domain, {})
                homes[organisations.values[owner]] = homes.get(organisations.values[owner], 0) + 1
            elif owner < 0 and code != 0xFFFFFFFF:
                stand_in[code] = organisations.learn(domain or UNKNOWN_ORGANISATION)
        nobody = organisations.learn(UNKNOWN_ORGANISATION) if (organisation < 0).any() else MISSING
        filled = np.where(organisation >= 0, organisation, stand_in[account])
        return np.where(filled >= 0, filled, nobody).astype(np.int32)

    def settled(self) -> tuple[dict[str, Vocabulary], dict[str, Codes]]:
        """Return vocabularies in order of text and, per column, what each code of before is now.

        Order of text makes codes independent of the order of files. Organisations known only by a domain
        become the organisation id that most of the domain's accounts were seen under.
        """
        vocabularies, mappings = {}, {}
        for name, vocabulary in self.vocabularies.items():
            texts = (
                [self._home(value) for value in vocabulary.values] if name == "org_uid" else vocabulary.values
            )
            ordered = Vocabulary(sorted(set(texts)))
            vocabularies[name] = ordered
            mappings[name] = np.array([*(ordered.code(text) for text in texts), MISSING], np.int32)
        return vocabularies, mappings

    def _home(self, value: str) -> str:
        homes = self._homes.get(value)
        return min(homes, key=lambda uid: (-homes[uid], uid)) if homes else value


def _numbers(column: pa.ChunkedArray, missing: int) -> np.ndarray:
    return np.asarray(pc.fill_null(column, missing).combine_chunks().to_numpy(zero_copy_only=False), np.int64)

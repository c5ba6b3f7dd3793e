"""Coded events on disk between reading and scoring, one record batch for each day, so that memory use stays flat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from seawall.events.coded_batch import (
    MISSING,
    CodedBatch,
    Codes,
    Interner,
    Keys,
    Vocabulary,
    hash_text,
    pair_keys,
)
from seawall.events.coder import NUMBERS, TEXTS
from seawall.events.grouping import Rows
from seawall.events.object_ids import Joins
from seawall.storage.files.duplicate_records import DAY, DuplicateRecords
from seawall.storage.spool.texts import HeldPiece, SpoolPiece, StoredTexts, select_rows

LARGE_DAY = 200_000
"""Records of a day above which its texts stay on disk: texts take most of the memory and are rarely read."""

TAILS = 4
"""Rows of all days that may wait in memory, as a multiple of the limit for one day; then the largest days are written."""

AT_ONCE = 2_000_000
"""Records of a day up to which all number columns are read together, if days are loaded repeatedly."""

HASHED = ("metadata_uid", "session_uid", "token_uid")
"""Text columns that are stored with their hashes, if days are loaded repeatedly."""

_HASHES = tuple(f"hash of {name}" for name in HASHED)

READ_SINGLY = ("parameters", "rule_keys")
"""Text columns that rules read for single events; they are null for most events, and stay in memory."""


class Spool:
    """Days of coded events: add tables in any order, then `settle`, then `load` each day.

    `actors` holds the codes of accounts seen before; new accounts are added to it. With `held` above 0, up to so many rows
    of a day wait in memory until they are worth a file. Each file then belongs to one day, and `drop` can delete the day.
    """

    def __init__(self, folder: Path, actors: Interner | None = None, *, held: int = 0) -> None:
        self._folder = folder
        self._held_rows = held
        self._files = 0
        self._tails: dict[int, list[pa.Table]] = defaultdict(list)
        self._waiting: dict[int, int] = defaultdict(int)
        self._days: dict[int, list[SpoolPiece]] = defaultdict(list)
        self._rows: dict[int, int] = defaultdict(int)
        self._vocabularies: dict[str, Vocabulary] = {}
        self._mappings: dict[str, Codes] = {}
        self._joins, self._is_joined = Joins(), np.empty(0, bool)
        self._actors = Interner() if actors is None else actors

    def add(self, table: pa.Table) -> None:
        """Write a table of coded events, split at midnight UTC; rows may be in any order."""
        if not table.num_rows:
            return
        table = table.combine_chunks() if self._held_rows else _narrow(table.combine_chunks())
        day_of = table["time"].to_numpy() // DAY
        if (np.diff(day_of) < 0).any():
            order = np.argsort(day_of, kind="stable")
            table, day_of = table.take(pa.array(order)), day_of[order]
        starts = np.flatnonzero(np.r_[True, day_of[1:] != day_of[:-1]])
        ends = np.append(starts[1:], len(day_of))
        shares = {
            day: table.slice(start, end - start)
            for day, start, end in zip(day_of[starts].tolist(), starts.tolist(), ends.tolist(), strict=True)
        }
        if not self._held_rows:
            self._write(shares)
        for day, share in shares.items():
            self._rows[day] += share.num_rows
            if self._held_rows:
                self._hold(day, share)

    def _hold(self, day: int, share: pa.Table) -> None:
        """Keep rows of a day in memory, with the hashes that every `load` needs."""
        # A copy: a slice would keep the whole table in memory that it was cut from.
        share = share.take(pa.array(np.arange(share.num_rows)))
        for name in HASHED:
            share = share.append_column(f"hash of {name}", pa.array(hash_text(share[name].combine_chunks())))
        self._tails[day].append(share)
        self._waiting[day] += share.num_rows
        if self._waiting[day] >= self._held_rows:
            self._flush(day)
        if sum(self._waiting.values()) > TAILS * self._held_rows:
            for largest in sorted(self._waiting, key=lambda one: (-self._waiting[one], one)):
                self._flush(largest)
                if sum(self._waiting.values()) <= TAILS // 2 * self._held_rows:
                    break

    def _flush(self, day: int) -> None:
        """Write the rows of a day that wait in memory."""
        self._write({day: _narrow(pa.concat_tables(self._tails[day]).combine_chunks())})
        del self._waiting[day], self._tails[day]

    def _write(self, shares: Mapping[int, pa.Table]) -> None:
        """Write the rows of one or more days into one file."""
        path = self._folder / f"{self._files:08d}.arrow"
        self._files += 1
        schema = next(iter(shares.values())).schema
        try:
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
                for share in shares.values():
                    writer.write_table(share)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        for place, (day, share) in enumerate(shares.items()):
            self._days[day].append(SpoolPiece(path, place, share.num_rows, tuple(share.column_names)))

    def drop(self, day: int) -> None:
        """Delete a day and its files. Only for a spool with `held`, whose files belong to one day each."""
        self._tails.pop(day, None)
        self._waiting.pop(day, None)
        self._rows.pop(day, None)
        for piece in self._days.pop(day, ()):
            piece.path.unlink(missing_ok=True)

    def settle(
        self, vocabularies: dict[str, Vocabulary], mappings: dict[str, Codes], joins: Joins | None = None
    ) -> None:
        """Set what codes mean, after everything was read; a column without a mapping keeps its codes.

        `load` then replaces object ids among the accounts by the names that `joins` gives.
        """
        self._joins = Joins() if joins is None else joins
        self._is_joined = np.zeros(len(self._joins), bool)
        self._vocabularies = vocabularies
        self._mappings = {
            name: mapping.astype(np.min_scalar_type(-len(mapping))) for name, mapping in mappings.items()
        }

    @property
    def vocabularies(self) -> Mapping[str, Vocabulary]:
        """Vocabulary of each coded column of loaded days."""
        return self._vocabularies

    @property
    def join_counts(self) -> tuple[int, int, int]:
        """Number of joined object ids of loaded days, how many of these had several names, and number of other joined names."""
        is_id = self._is_joined & ~self._joins.is_name
        names = int((self._is_joined & self._joins.is_name).sum())
        return int(is_id.sum()), int((is_id & self._joins.is_contested).sum()), names

    def list_used_joins(self) -> list[tuple[str, str, bool, bool]]:
        """Return the joins of loaded days: organisation, id or name, whether it is a name, whether it had several names."""
        used, joins = np.flatnonzero(self._is_joined), self._joins
        organisations, accounts = self._vocabularies["org_uid"], self._vocabularies["account"]
        return [
            (organisations.text(key >> 32), accounts.text(key & 0xFFFFFFFF), is_name, is_contested)
            for key, is_name, is_contested in zip(
                joins.keys[used].tolist(), joins.is_name[used].tolist(), joins.is_contested[used].tolist(), strict=True
            )
        ]  # fmt: skip

    def days(self) -> list[int]:
        """Return the days that hold events, as days since 1970, ascending."""
        return sorted(self._rows)

    def rows(self, day: int) -> int:
        """Return the number of records of a day, duplicates included."""
        return self._rows.get(day, 0)

    def load(self, day: int) -> tuple[CodedBatch, int]:
        """Return a day's events by time and record id, and how many duplicates were dropped or twins merged."""
        in_memory = self._rows[day] <= LARGE_DAY and not self._held_rows
        raw, texts = self._read_held(day) if in_memory else self._read_stored(day)
        batch, rows = self._merge(raw, texts, self._hashes(day))
        return batch, self._rows[day] - len(rows)

    def load_part(self, day: int, rows: Rows) -> tuple[CodedBatch, Rows]:
        """Return the events of some records of a day, as `load` does, and the record behind each event.

        Only for a spool with `held`. `rows` are ascending numbers of records in the order of arrival. Records that are
        duplicates or twins of each other must be read together.
        """
        pieces = self._pieces(day)
        ends = np.cumsum([piece.rows for piece in pieces])
        names = [*self._numeric(), *_HASHES]
        parts = select_rows(pieces, ends, rows, [*names, *READ_SINGLY])
        raw = {name: _numbers(parts, name) for name in names}
        texts = {name: StoredTexts(pieces, ends, name, rows) for name in TEXTS}
        texts |= {name: pa.concat_arrays([part[name] for part in parts]) for name in READ_SINGLY}
        hashes = {name: raw.pop(f"hash of {name}") for name in HASHED}
        batch, chosen = self._merge(raw, texts, hashes)
        return batch, rows[chosen]

    def read_keys(self, day: int, start: int) -> tuple[Codes, dict[str, np.ndarray]]:
        """Return the account of each record of a day from `start` on, and what tells which of them belong together.

        These are organisation and activity in codes, and hashes of record id and token. Only for a spool with `held`.
        """
        pieces = self._pieces(day)
        ends = np.cumsum([piece.rows for piece in pieces])
        names = ["org_uid", "account", "activity_name", *_HASHES]
        parts = select_rows(pieces, ends, np.arange(start, ends[-1]), names)
        raw = {name: _numbers(parts, name) for name in names}
        account = self._name_accounts(raw["org_uid"], raw["account"])
        raw["org_uid"] = self._meaning("org_uid", raw["org_uid"])
        return self._actor_codes(raw["org_uid"], self._meaning("account", account)), raw

    def _merge(
        self, raw: dict[str, np.ndarray], texts: dict[str, pa.Array | StoredTexts], hashes: dict[str, Keys]
    ) -> tuple[CodedBatch, Rows]:
        """Return the events of records in the order of arrival, and the record behind each event."""
        time = raw["time"] = raw["time"].astype(np.int64, copy=False)
        identity = hashes["metadata_uid"] if hashes else hash_text(texts["metadata_uid"])
        raw["account"] = self._name_accounts(raw["org_uid"], raw["account"])
        organisation = self._meaning("org_uid", raw["org_uid"])
        raw["mailbox"], _ = self._joins.mailboxes.apply(organisation, raw["mailbox"])
        twins = DuplicateRecords(raw, texts, self._vocabularies, self._mappings)
        kept, donors = twins.merge(identity)
        final = twins.order(time, identity, kept)
        codes = {name: self._meaning(name, _pick(raw.pop(name), final)) for name in self._vocabularies}
        actor = self._actor_codes(codes["org_uid"], codes["account"])
        batch = CodedBatch(
            time[final],
            codes,
            {name: _pick(raw.pop(name), final) for name in NUMBERS},
            {
                name: _order(column, donors[name][final] if name in donors else final)
                for name, column in texts.items()
            },
            actor,
            self._vocabularies,
            {
                name: column[donors[name][final] if name in donors else final]
                for name, column in hashes.items()
            },
        )
        return batch, final

    def _read_held(self, day: int) -> tuple[dict[str, np.ndarray], dict[str, pa.Array]]:
        """Return the numbers and codes of a day, and its texts, all in memory."""
        batches = [piece.read(piece.columns) for piece in self._pieces(day)]
        raw = {name: _numbers(batches, name) for name in self._numeric()}
        return raw, {name: pa.concat_arrays([batch[name] for batch in batches]) for name in TEXTS}

    def _read_stored(self, day: int) -> tuple[dict[str, np.ndarray], dict[str, pa.Array]]:
        """Return the same for a large day, whose texts stay on disk except the columns of `READ_SINGLY`."""
        pieces = self._pieces(day)
        raw = self._columns(pieces, self._numeric())
        ends = np.cumsum([piece.rows for piece in pieces])
        rows = np.arange(ends[-1])
        texts = {name: StoredTexts(pieces, ends, name, rows) for name in TEXTS}
        texts |= {
            name: pa.concat_arrays([piece.read([name])[name] for piece in pieces]) for name in READ_SINGLY
        }
        return raw, texts

    def _pieces(self, day: int) -> list[SpoolPiece | HeldPiece]:
        """Return the pieces of a day, those on disk first, then the rows that wait in memory as one table."""
        pieces: list[SpoolPiece | HeldPiece] = [*self._days.get(day, ())]
        if self._tails.get(day):
            self._tails[day] = [pa.concat_tables(self._tails[day]).combine_chunks()]
            pieces += [HeldPiece(batch) for batch in self._tails[day][0].to_batches()]
        return pieces

    def _hashes(self, day: int) -> dict[str, Keys]:
        """Return the hashes that were computed when the day's tables were added, {} for a spool without `held`."""
        if not self._held_rows:
            return {}
        columns = self._columns(self._pieces(day), _HASHES)
        return {name: columns[f"hash of {name}"] for name in HASHED}

    def _columns(
        self, pieces: Sequence[SpoolPiece | HeldPiece], names: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """Return number columns of a day; a very large day is read column by column to save memory."""
        if not self._held_rows or sum(piece.rows for piece in pieces) > AT_ONCE:
            return {name: _numbers([piece.read([name]) for piece in pieces], name) for name in names}
        batches = [piece.read(names) for piece in pieces]
        return {name: _numbers(batches, name) for name in names}

    def _numeric(self) -> tuple[str, ...]:
        return ("time", *self._vocabularies, *NUMBERS)

    def _meaning(self, name: str, codes: np.ndarray) -> np.ndarray:
        """Return codes of a column translated to the settled vocabulary."""
        return self._mappings[name][codes] if name in self._mappings else codes

    def _name_accounts(self, organisation: np.ndarray, account: np.ndarray) -> np.ndarray:
        """Return the accounts' codes with object ids and other names replaced by the joined names; note the joins used."""
        named, places = self._joins.apply(self._meaning("org_uid", organisation), account)
        self._is_joined[places] = True
        return named

    def _actor_codes(self, organisation: Codes, account: Codes) -> Codes:
        codes = self._actors.learn(pair_keys(organisation, account))
        return np.where(account == MISSING, MISSING, codes).astype(np.int32)


def _order(column: pa.Array | StoredTexts, rows: Rows) -> pa.Array | StoredTexts:
    return column.in_order(rows) if isinstance(column, StoredTexts) else column.take(pa.array(rows))


def _numbers(batches: list[pa.RecordBatch], name: str) -> np.ndarray:
    return np.concatenate([batch[name].to_numpy() for batch in batches])


def _pick(column: np.ndarray, rows: Rows) -> np.ndarray:
    """Return the column at `rows`, quickly if the whole column holds one value, as many do."""
    if len(rows) and column.min() == column.max():
        return np.full(len(rows), column[0])
    return column[rows]


def _narrow(table: pa.Table) -> pa.Table:
    """Return the table with every integer column in the smallest signed type that holds its values."""
    for place, name in enumerate(table.column_names):
        if name != "time" and not name.startswith("hash of ") and pa.types.is_integer(table[name].type):
            column = table[name].to_numpy()
            # A signed type holds one number more below zero than above: 127 needs what -128 needs.
            least = np.min_scalar_type(min(int(column.min()), -1 - int(column.max())))
            if least.itemsize < column.itemsize:
                table = table.set_column(place, name, pa.array(column.astype(least)))
    return table

"""Coded events on disk between reading and scoring, a record batch for each day, so that memory stays flat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from seawall.schema.batches import (
    MISSING,
    CodedBatch,
    Codes,
    Interner,
    Keys,
    Times,
    Vocabulary,
    hash_text,
    mix,
    pair_keys,
)
from seawall.schema.ordering import Rows, distinct
from seawall.store.coder import NUMBERS, TEXTS, UNSEEN
from seawall.store.texts import HeldPiece, Piece, StoredTexts

DAY = 86_400_000_000
PREFERRED = ("entra_signin", "entra_audit", "m365_audit", "office_activity")
"""Of twins, the record of the source that says most comes first and is filled up from the others."""

FILLED_TEXTS = ("resource_uid", "session_uid", "token_uid", "parameters", "rule_keys")
"""Texts that are filled up too; `unmapped` is the record's own."""


LARGE_DAY = 200_000
"""Records of a day above which its texts stay on disk: they are most of it, and hardly looked at."""

TAILS = 4
"""So many times the rows that may wait of one day may wait of all days; the largest tails are written then."""

AT_ONCE = 2_000_000
"""Records of a day up to which all its numbers are read at once, where days are loaded again and again."""

HASHED = ("metadata_uid", "session_uid", "token_uid")
"""Texts whose hashes are kept beside them, where days are loaded again and again."""

READ_SINGLY = ("parameters", "rule_keys")
"""Texts that rules read event by event; few events have them."""


class Spool:
    """Days of coded events. Add tables in any order, then `settle`, then `load` day by day.

    `actors` are the codes of accounts that are known already; new ones are added to them. Where many small tables come
    over time, up to `held` rows of a day wait in memory until they are worth a file, and files are of one day: it
    can be dropped.
    """

    def __init__(self, folder: Path, actors: Interner | None = None, *, held: int = 0) -> None:
        self._folder = folder
        self._held_rows = held
        self._files = 0
        self._tails: dict[int, list[pa.Table]] = defaultdict(list)
        self._waiting: dict[int, int] = defaultdict(int)
        self._days: dict[int, list[Piece]] = defaultdict(list)
        self._rows: dict[int, int] = defaultdict(int)
        self._vocabularies: dict[str, Vocabulary] = {}
        self._mappings: dict[str, Codes] = {}
        self._actors = Interner() if actors is None else actors

    def add(self, table: pa.Table) -> None:
        """Write a table of coded events, cut at midnight UTC; `load` puts a day in order."""
        if not table.num_rows:
            return
        table = table.combine_chunks() if self._held_rows else _narrowed(table.combine_chunks())
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
        """Have a table of a day wait for others. It is loaded again and again: what is long to work out goes with it."""
        # In memory of its own: a slice keeps alive all that it was cut from, however little it shows.
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
        """Write what of a day waits in memory."""
        self._write({day: _narrowed(pa.concat_tables(self._tails[day]).combine_chunks())})
        del self._waiting[day], self._tails[day]

    def _write(self, shares: Mapping[int, pa.Table]) -> None:
        """Write days into one file."""
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
            self._days[day].append(Piece(path, place, share.num_rows, tuple(share.column_names)))

    def drop(self, day: int) -> None:
        """Forget a day, where small tables are held and files are of one day."""
        self._tails.pop(day, None)
        self._waiting.pop(day, None)
        self._rows.pop(day, None)
        for piece in self._days.pop(day, ()):
            piece.path.unlink(missing_ok=True)

    def settle(self, vocabularies: dict[str, Vocabulary], mappings: dict[str, Codes]) -> None:
        """Say what codes mean now that everything was read; columns without a mapping keep theirs."""
        self._vocabularies = vocabularies
        self._mappings = {
            name: mapping.astype(np.min_scalar_type(-len(mapping))) for name, mapping in mappings.items()
        }

    @property
    def vocabularies(self) -> Mapping[str, Vocabulary]:
        """What the codes of loaded days mean."""
        return self._vocabularies

    def days(self) -> list[int]:
        """Return the days that hold events, as days since the epoch, in order."""
        return sorted(self._rows)

    def rows(self, day: int) -> int:
        """Return how many records a day holds, duplicates included."""
        return self._rows.get(day, 0)

    def load(self, day: int) -> tuple[CodedBatch, int]:
        """Return a day's events in order of time and record id, and how many duplicates were dropped or merged."""
        in_memory = self._rows[day] <= LARGE_DAY and not self._held_rows
        raw, texts = self._held(day) if in_memory else self._stored(day)
        time = raw["time"] = raw["time"].astype(np.int64, copy=False)
        hashes = self._hashes(day)
        identity = hashes["metadata_uid"] if hashes else hash_text(texts["metadata_uid"])
        kept, donors = self._merged(raw, texts, identity)
        final = self._in_order(raw, texts, time, identity, kept)
        codes = {name: self._meaning(name, _picked(raw.pop(name), final)) for name in self._vocabularies}
        actor = self._actor_codes(codes["org_uid"], codes["account"])
        batch = CodedBatch(
            time[final],
            codes,
            {name: _picked(raw.pop(name), final) for name in NUMBERS},
            {
                name: _ordered(column, donors[name][final] if name in donors else final)
                for name, column in texts.items()
            },
            actor,
            self._vocabularies,
            {
                name: column[donors[name][final] if name in donors else final]
                for name, column in hashes.items()
            },
        )
        return batch, len(time) - len(final)

    def _held(self, day: int) -> tuple[dict[str, np.ndarray], dict[str, pa.Array]]:
        """Return the numbers and codes of a day, and its texts, as they were written."""
        batches = [piece.read(piece.columns) for piece in self._pieces(day)]
        raw = {name: _numbers(batches, name) for name in self._numeric()}
        return raw, {name: pa.concat_arrays([batch[name] for batch in batches]) for name in TEXTS}

    def _stored(self, day: int) -> tuple[dict[str, np.ndarray], dict[str, pa.Array]]:
        """Return the same of a large day, whose texts stay on disk, but for those that rules read one by one."""
        pieces = self._pieces(day)
        raw = self._columns(pieces, self._numeric())
        ends = np.cumsum([piece.rows for piece in pieces])
        rows = np.arange(ends[-1])
        texts = {name: StoredTexts(pieces, ends, name, rows) for name in TEXTS}
        texts |= {
            name: pa.concat_arrays([piece.read([name])[name] for piece in pieces]) for name in READ_SINGLY
        }
        return raw, texts

    def _pieces(self, day: int) -> list[Piece | HeldPiece]:
        """Return what a day consists of; what waits in memory becomes one table first."""
        pieces: list[Piece | HeldPiece] = [*self._days.get(day, ())]
        if self._tails.get(day):
            self._tails[day] = [pa.concat_tables(self._tails[day]).combine_chunks()]
            pieces += [HeldPiece(batch) for batch in self._tails[day][0].to_batches()]
        return pieces

    def _hashes(self, day: int) -> dict[str, Keys]:
        """Return the hashes that were worked out when a day's tables were added."""
        if not self._held_rows:
            return {}
        columns = self._columns(self._pieces(day), [f"hash of {name}" for name in HASHED])
        return {name: columns[f"hash of {name}"] for name in HASHED}

    def _columns(self, pieces: Sequence[Piece | HeldPiece], names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return columns of numbers of a day; of a very large one never all of them twice."""
        if not self._held_rows or sum(piece.rows for piece in pieces) > AT_ONCE:
            return {name: _numbers([piece.read([name]) for piece in pieces], name) for name in names}
        batches = [piece.read(names) for piece in pieces]
        return {name: _numbers(batches, name) for name in names}

    def _numeric(self) -> tuple[str, ...]:
        return ("time", *self._vocabularies, *NUMBERS)

    def _meaning(self, name: str, codes: np.ndarray) -> np.ndarray:
        """Return what codes of a column mean now; where there is no mapping, what they ever meant."""
        return self._mappings[name][codes] if name in self._mappings else codes

    def _merged(
        self, raw: dict[str, np.ndarray], texts: dict[str, pa.Array], identity: Keys
    ) -> tuple[Rows, dict[str, Rows]]:
        """Fill the first of each set of twins from the others.

        Returns the rows that stay and, per text column, the row that each row's text comes from.
        """
        shared = _shared(identity)
        if not len(shared):
            return np.arange(len(identity)), {}
        organisation = self._meaning("org_uid", raw["org_uid"][shared])
        order = np.lexsort((*self._preference(raw, texts, shared), identity[shared], organisation))
        rows, organisation = shared[order], organisation[order]
        start = np.ones(len(rows), bool)
        start[1:] = (identity[rows[1:]] != identity[rows[:-1]]) | (organisation[1:] != organisation[:-1])
        _fill(raw, rows, np.flatnonzero(start))
        stays = np.ones(len(identity), bool)
        stays[rows[~start]] = False
        donors = {name: _donors(texts[name], rows, start) for name in FILLED_TEXTS}
        return np.flatnonzero(stays), donors

    def _in_order(
        self,
        raw: dict[str, np.ndarray],
        texts: dict[str, pa.Array],
        time: Times,
        identity: Keys,
        kept: Rows,
    ) -> Rows:
        """Return the rows in order of time and record id, of equal ones in an order that no file's place decides."""
        order = kept[_by_time(time[kept], identity[kept])]
        same = (time[order[1:]] == time[order[:-1]]) & (identity[order[1:]] == identity[order[:-1]])
        if not same.any():
            return order
        at = np.zeros(len(order), bool)
        at[1:] |= same
        at[:-1] |= same
        rows = order[at]
        organisation = self._texts_hashed("org_uid", raw, rows)
        among = np.lexsort((*self._preference(raw, texts, rows), organisation, identity[rows], time[rows]))
        order[at] = rows[among]
        return order

    def _preference(
        self, raw: dict[str, np.ndarray], texts: dict[str, pa.Array], rows: Rows
    ) -> tuple[np.ndarray, ...]:
        """Keys to sort rows by, as for `lexsort`: the source that says most, then what they hold, then file and line.

        Rows that are equal by all but the last are the same to detection: the order of files decides nothing.
        """
        source = self._meaning("source", raw["source"][rows])
        content = np.zeros(len(rows), np.uint64)
        for name in self._vocabularies:
            if name not in UNSEEN:
                content = mix(content, self._texts_hashed(name, raw, rows))
        for name in ("time", *NUMBERS):
            if name != "source_line":
                content = mix(content, raw[name][rows].astype(np.int64).view(np.uint64))
        for name, column in texts.items():
            if name != "unmapped":
                content = mix(content, hash_text(column.take(rows)))
        file = self._texts_hashed("source_file", raw, rows)
        return raw["source_line"][rows], file, content, self._ranks()[source]

    def _texts_hashed(self, name: str, raw: dict[str, np.ndarray], rows: Rows) -> Keys:
        """Return a hash of each row's text in a name column: codes depend on what else was read."""
        codes = self._meaning(name, raw[name][rows])
        used = distinct(codes)
        texts = [self._vocabularies[name].text(code) for code in used.tolist()]
        return np.asarray(hash_text(pa.array(texts, pa.string()))[np.searchsorted(used, codes)], np.uint64)

    def _actor_codes(self, organisation: Codes, account: Codes) -> Codes:
        codes = self._actors.learn(pair_keys(organisation, account))
        return np.where(account == MISSING, MISSING, codes).astype(np.int32)

    def _ranks(self) -> np.ndarray:
        values = self._vocabularies["source"].values
        ranks = [PREFERRED.index(value) if value in PREFERRED else len(PREFERRED) for value in values]
        return np.array([*ranks, len(PREFERRED)])


def _donors(texts: pa.Array, rows: Rows, start: np.ndarray) -> Rows:
    """Return which row's text each row takes: its own, or for a set's first without one, the next that has it.

    `rows` are the sets one after the other, `start` bool where one begins.
    """
    donors = np.arange(len(texts))
    has = np.asarray(texts.take(rows).is_valid())
    place = np.where(has, np.arange(len(rows)), len(rows))
    following = np.minimum.accumulate(place[::-1])[::-1]
    firsts = np.flatnonzero(start)
    ends = np.append(firsts[1:], len(rows))
    found = following[firsts] < ends
    donors[rows[firsts[found]]] = rows[following[firsts[found]]]
    return donors


def _ordered(column: pa.Array | StoredTexts, rows: Rows) -> pa.Array | StoredTexts:
    return column.in_order(rows) if isinstance(column, StoredTexts) else column.take(pa.array(rows))


def _numbers(batches: list[pa.RecordBatch], name: str) -> np.ndarray:
    return np.concatenate([batch[name].to_numpy() for batch in batches])


def _picked(column: np.ndarray, rows: Rows) -> np.ndarray:
    """Return the column's rows; many columns hold one value all day."""
    if len(rows) and column.min() == column.max():
        return np.full(len(rows), column[0])
    return column[rows]


def _narrowed(table: pa.Table) -> pa.Table:
    """Return the table with its whole numbers in as few bytes as hold them; most columns need one."""
    for place, name in enumerate(table.column_names):
        if name != "time" and not name.startswith("hash of ") and pa.types.is_integer(table[name].type):
            column = table[name].to_numpy()
            least = np.promote_types(
                np.min_scalar_type(column.min()), np.min_scalar_type(min(-1, -column.max()))
            )
            if least.itemsize < column.itemsize:
                table = table.set_column(place, name, pa.array(column.astype(least)))
    return table


def _by_time(time: Times, identity: Keys) -> Rows:
    """Return the order by time and record id: by as much of both as 64 bits hold, and in full where that ties.

    A day has fewer than 2^37 microseconds.
    """
    packed = (time % DAY).astype(np.uint64) << np.uint64(27)
    packed |= identity >> np.uint64(37)
    order = np.argsort(packed)
    ordered = packed[order]
    return np.lexsort((identity, time)) if (ordered[1:] == ordered[:-1]).any() else order


def _shared(identity: Keys) -> Rows:
    """Return the rows whose record id another row has too. No id is nobody's twin."""
    ordered = np.sort(identity)
    if not ((ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)).any():
        return np.empty(0, np.int64)
    order = np.argsort(identity)
    ordered = identity[order]
    same = (ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)
    twin = np.zeros(len(order), bool)
    twin[1:] |= same
    twin[:-1] |= same
    return np.sort(order[twin])


def _fill(raw: dict[str, np.ndarray], rows: Rows, starts: Rows) -> None:
    """Fill what the first of each run of twins lacks from the next one that has it; never overwrite.

    `rows` are the twins' rows, run after run; `starts` says where in them each run begins.
    """
    for name, column in raw.items():
        if name in ("time", "source", "source_file", "source_line"):
            continue
        held = column[rows] != (0 if name == "token_issued_time" else MISSING)
        lacking = np.flatnonzero(~held[starts])
        if not len(lacking) or not held.any():
            continue
        places = np.where(held, np.arange(len(rows)), len(rows))
        found = np.minimum.reduceat(places, starts)[lacking]
        has = found < len(rows)
        column[rows[starts[lacking[has]]]] = column[rows[found[has]]]

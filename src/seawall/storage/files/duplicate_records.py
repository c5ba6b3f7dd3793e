"""Drop duplicates and merge twins among the records of a day, and put the day in order.

Records with one id are one event if a log delivers the record again, or if two logs report the act. They are two events if
one log uses the id for different acts, as Google does for a sign-in and its challenge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.coded_batch import MISSING, Bools, Codes, Keys, Times, Vocabulary, hash_text, mix
from seawall.events.coder import NUMBERS, UNSEEN
from seawall.events.grouping import Rows, distinct
from seawall.storage.spool.texts import StoredTexts

DAY = 86_400_000_000
PREFERRED = ("entra_signin", "entra_audit", "m365_audit", "office_activity")
"""Sources by how much their records say; of twins, the record of the first source stays and is filled from the others."""

FILLED_TEXTS = ("resource_uid", "session_uid", "token_uid", "parameters", "rule_keys")
"""Text columns that are filled too. `unmapped` is not: it belongs to the one record."""

FINAL = ("success", "failure", "interrupted")
"""Of several deliveries of one record, a final status comes before one that still waits, success before failure."""

TELLING = (("kind", "account", "src_prefix"), ("activity_name",))
"""Columns that tell events apart that share log and id. The activity's name is the last resort: logs differ in naming."""

WITH_STATUS = ("status_code", "status_detail")
"""Columns that explain the status of their own record, so that only a twin with the same status may fill them."""


@dataclass(frozen=True, slots=True)
class DuplicateRecords:
    """The records of one day, n rows in the order of reading.

    `raw` holds numbers and codes, (n,) for each column; `merge` fills gaps in them. `texts` holds the text columns.
    `mappings` translate codes to those of the vocabularies.
    """

    raw: dict[str, np.ndarray]
    texts: Mapping[str, pa.Array | StoredTexts]
    vocabularies: Mapping[str, Vocabulary]
    mappings: Mapping[str, Codes]

    def merge(self, identity: Keys) -> tuple[Rows, dict[str, Rows]]:
        """Fill the first record of each event from its twins; `identity` (n,) is a hash of each record's id, 0 without one.

        Returns the rows that stay and, for each text column, the row from which each row takes its text.
        """
        shared = _share(identity)
        if not len(shared):
            return np.arange(len(identity)), {}
        organisation = self._meaning("org_uid", shared)
        event = self._events(identity[shared], organisation, shared)
        order = np.lexsort((*self._preference(shared), event, organisation))
        rows, organisation, event = shared[order], organisation[order], event[order]
        start = np.ones(len(rows), bool)
        start[1:] = (event[1:] != event[:-1]) | (organisation[1:] != organisation[:-1])
        _fill(self.raw, rows, np.flatnonzero(start))
        stays = np.ones(len(identity), bool)
        stays[rows[~start]] = False
        donors = {name: _donors(self.texts[name], rows, start) for name in FILLED_TEXTS}
        return np.flatnonzero(stays), donors

    def order(self, time: Times, identity: Keys, kept: Rows) -> Rows:
        """Return the kept rows by time and record id; ties are broken by content, so that the order of files is irrelevant."""
        order = kept[_by_time(time[kept], identity[kept])]
        same = (time[order[1:]] == time[order[:-1]]) & (identity[order[1:]] == identity[order[:-1]])
        if not same.any():
            return order
        at = np.zeros(len(order), bool)
        at[1:] |= same
        at[:-1] |= same
        rows = order[at]
        organisation = self._texts_hashed("org_uid", rows)
        among = np.lexsort((*self._preference(rows), organisation, identity[rows], time[rows]))
        order[at] = rows[among]
        return order

    def _events(self, identity: Keys, organisation: Codes, rows: Rows) -> Keys:
        """Return a key for each row's event: the hash of its id, with the content if one log uses the id for several
        events.
        """
        source = self._meaning("source", rows)
        for names in TELLING:
            is_split = self._is_split(identity, organisation, source, rows, names)
            if is_split.any():
                content = np.zeros(int(is_split.sum()), np.uint64)
                for name in names:
                    content = mix(content, self._texts_hashed(name, rows[is_split]))
                identity = identity.copy()
                identity[is_split] = mix(identity[is_split], content)
        return identity

    def _is_split(
        self, identity: Keys, organisation: Codes, source: Codes, rows: Rows, names: tuple[str, ...]
    ) -> Bools:
        """Return, for each row, whether some log has two values of a column under the row's id. A missing value is no
        second value.
        """
        order = np.lexsort((source, identity, organisation))
        whose, of, log = organisation[order], identity[order], source[order]
        is_first = np.ones(len(order), bool)
        is_first[1:] = (of[1:] != of[:-1]) | (whose[1:] != whose[:-1])
        begins = is_first.copy()
        begins[1:] |= log[1:] != log[:-1]
        starts, differs = np.flatnonzero(begins), np.zeros(int(begins.sum()), bool)
        for name in names:
            values = self._meaning(name, rows[order]).astype(np.int64)
            least = np.minimum.reduceat(np.where(values >= 0, values, np.iinfo(np.int64).max), starts)
            differs |= np.maximum.reduceat(values, starts) > least
        among = np.logical_or.reduceat(differs, np.flatnonzero(is_first[starts]))
        result = np.zeros(len(order), bool)
        result[order] = among[np.cumsum(is_first) - 1]
        return result

    def _preference(self, rows: Rows) -> tuple[np.ndarray, ...]:
        """Return keys for `lexsort`: most informative source, final status, amount of content, content, then file and line.

        Rows that differ only in file and line are the same to detection, so the order of files decides nothing. Files are
        ordered by path and not by a hash of it: the name of a parent folder then changes nothing.
        """
        content, held = np.zeros(len(rows), np.uint64), np.zeros(len(rows), np.int64)
        for name in self.vocabularies:
            if name not in UNSEEN:
                content = mix(content, self._texts_hashed(name, rows))
                held += self.raw[name][rows] != MISSING
        for name in ("time", *NUMBERS):
            if name != "source_line":
                content = mix(content, self.raw[name][rows].astype(np.int64).view(np.uint64))
        for name, column in self.texts.items():
            if name != "unmapped":
                content = mix(content, hash_text(column.take(rows)))
        said = np.asarray(pc.binary_length(self.texts["parameters"].take(rows)).fill_null(0))
        return (
            self.raw["source_line"][rows], self._in_order("source_file", rows), content, -said, -held,
            self._ranks("status", FINAL, rows), self._ranks("source", PREFERRED, rows),
        )  # fmt: skip

    def _meaning(self, name: str, rows: Rows) -> Codes:
        codes = self.raw[name][rows]
        return self.mappings[name][codes] if name in self.mappings else codes

    def _texts_hashed(self, name: str, rows: Rows) -> Keys:
        """Return a hash of each row's text in a coded column: codes depend on the order of reading, texts do not."""
        codes = self._meaning(name, rows)
        used = distinct(codes)
        texts = [self.vocabularies[name].text(code) for code in used.tolist()]
        return np.asarray(hash_text(pa.array(texts, pa.string()))[np.searchsorted(used, codes)], np.uint64)

    def _in_order(self, name: str, rows: Rows) -> Rows:
        """Return, for each row, the rank of its text in alphabetical order."""
        codes = self._meaning(name, rows)
        used = distinct(codes)
        texts = [self.vocabularies[name].text(code) or "" for code in used.tolist()]
        places = {text: place for place, text in enumerate(sorted(texts))}
        return np.array([places[text] for text in texts], np.int64)[np.searchsorted(used, codes)]

    def _ranks(self, name: str, first: tuple[str, ...], rows: Rows) -> np.ndarray:
        """Return, for each row, the position of its value in `first`, or the length of `first`."""
        values = self.vocabularies[name].values
        ranks = [first.index(value) if value in first else len(first) for value in values]
        return np.array([*ranks, len(first)])[self._meaning(name, rows)]


def _donors(texts: pa.Array | StoredTexts, rows: Rows, start: np.ndarray) -> Rows:
    """Return the row whose text each row takes: its own, or for a set's first record without a text, that of a later twin.

    `rows` lists the sets of twins one after the other; `start` is true where a set begins.
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


def _by_time(time: Times, identity: Keys) -> Rows:
    """Return the order by time and record id: first by as many bits of both as fit 64, in full only if that ties.

    A day has fewer than 2^37 microseconds.
    """
    packed = (time % DAY).astype(np.uint64) << np.uint64(27)
    packed |= identity >> np.uint64(37)
    order = np.argsort(packed)
    ordered = packed[order]
    return np.lexsort((identity, time)) if (ordered[1:] == ordered[:-1]).any() else order


def _share(identity: Keys) -> Rows:
    """Return the rows whose record id another row has too. Rows without an id (0) have no twins."""
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
    """Fill the gaps of the first record of each set of twins from the next one that has a value; never overwrite.

    `rows` lists the sets of twins one after the other; `starts` gives the position in it where each set begins.
    """
    lengths = np.diff(np.append(starts, len(rows)))
    names = sorted(raw, key=lambda name: name in WITH_STATUS)
    for name in names:
        column = raw[name]
        if name in ("time", "source", "source_file", "source_line"):
            continue
        held = column[rows] != (0 if name == "token_issued_time" else MISSING)
        if name in WITH_STATUS:
            held &= raw["status"][rows] == np.repeat(raw["status"][rows[starts]], lengths)
        lacking = np.flatnonzero(~held[starts])
        if not len(lacking) or not held.any():
            continue
        places = np.where(held, np.arange(len(rows)), len(rows))
        found = np.minimum.reduceat(places, starts)[lacking]
        has = found < len(rows)
        # The minimum over a set is a position inside the set, or `len(rows)` if no record has a value.
        column[rows[starts[lacking[has]]]] = column[rows[found[has]]]

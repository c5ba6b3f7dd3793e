"""Learn which directory object id belongs to which account name, by organisation, from records with both.

Many records name a person by user principal name, others by object id alone. The provider's own records of sign-ins and
directory changes contain both. Names with the same id are one account: the person was renamed, or is a guest with a name here
and a name at home.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from seawall.events.array_state import RestoredState, State, pack_texts
from seawall.events.coded_batch import MISSING, Bools, Codes, Keys, Vocabulary, pair_keys
from seawall.events.grouping import group_rows

STATING = {"kind": ("sign_in", "directory"), "status": ("success",), "account_type": ("user",)}
"""Properties of records that state pairs: the provider wrote them about a person who was authenticated.

A stranger cannot write such records: the name typed at a failed sign-in does not count.
"""

MOST_IDS = 8
"""A name with more ids than this is joined with none, so that memory is bounded by the number of accounts."""

LONGEST_ID = 64
"""Longest id that is learnt, in characters; a GUID has 36."""


def _no_keys() -> Keys:
    return np.empty(0, np.uint64)


Stated = dict[tuple[int, str], set[tuple[int, str, int]]]
"""Earliest time, text and code of each name, by organisation and object id."""

GUEST = "#ext#"
"""Part of a guest's user principal name: `ann_partner.example#EXT#@contoso.example` is `ann@partner.example` at home."""


@dataclass(frozen=True, slots=True)
class CodeJoins:
    """Hold n codes of one column that mean another, by organisation.

    `keys`, uint64 (n,), sorted, combine organisation and code as `pair_keys`. `names`, int32 (n,), are the codes that they mean.
    """

    keys: Keys = field(default_factory=_no_keys)
    names: Codes = field(default_factory=lambda: np.empty(0, np.int32))

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, organisation: Codes, codes: Codes) -> tuple[Codes, Codes]:
        """Return the rows of n events whose code means another, and the index of each in `keys`."""
        if not len(self.keys) or not len(codes):
            return np.empty(0, np.int32), np.empty(0, np.int32)
        own = (self.keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
        is_own = np.zeros(max(int(own.max()), int(codes.max())) + 2, bool)
        is_own[own] = True  # the last place is that of MISSING
        rows = np.flatnonzero(is_own[codes])
        keys = pair_keys(organisation[rows], codes[rows])
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        is_known = self.keys[places] == keys
        return rows[is_known], places[is_known]

    def apply(self, organisation: Codes, codes: Codes) -> tuple[Codes, Codes]:
        """Return the codes of n events with their meanings, and the indices in `keys` that were used."""
        rows, places = self.find(organisation, codes)
        if not len(rows):
            return codes, places
        meant = codes.astype(np.int32)
        meant[rows] = self.names[places]
        return meant, places


@dataclass(frozen=True, slots=True)
class Joins(CodeJoins):
    """Hold n object ids and other names that some records use as account, and the account of each.

    `is_contested`, bool (n,), marks ids for which records state several names. `is_name`, bool (n,), marks names, not ids.
    `mailboxes` are the same joins for codes of mailboxes.
    """

    is_contested: Bools = field(default_factory=lambda: np.empty(0, bool))
    is_name: Bools = field(default_factory=lambda: np.empty(0, bool))
    mailboxes: CodeJoins = field(default_factory=CodeJoins)


class ObjectIds:
    """Keep the ids stated for each name, and the earliest time of each pair.

    The result does not depend on the order of records. `revision` increases whenever a join may have changed.
    """

    def __init__(self) -> None:
        self.revision = 0
        self._ids: dict[int, dict[str, int]] = {}
        self._crowded: set[int] = set()

    def learn(self, is_stating: Bools, events: pa.Table, organisation: Codes, account: Codes) -> None:
        """Learn the pairs from those of n enriched events that state them; `organisation` and `account` are codes (n,)."""
        uids = events["actor_user_uid"]
        rows = np.flatnonzero(is_stating & (account != MISSING) & np.asarray(uids.is_valid()))
        if not len(rows):
            return
        encoded = uids.take(pa.array(rows)).cast(pa.string()).combine_chunks().dictionary_encode()
        texts, uid = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
        whose = group_rows(pair_keys(organisation[rows], account[rows]))
        pairs = group_rows(whose.place * len(texts) + uid)
        earliest = np.full(len(pairs.keys), np.iinfo(np.int64).max)
        np.minimum.at(earliest, pairs.place, events["time"].cast(pa.int64()).to_numpy()[rows])
        keys, places = np.divmod(pairs.keys, len(texts))
        for key, place, time in zip(
            whose.keys[keys].tolist(), places.tolist(), earliest.tolist(), strict=True
        ):
            self._note(key, texts[place], time)

    def _note(self, key: int, uid: str, time: int) -> None:
        """Record a pair of a name (a key of organisation and account) and an id."""
        ids = self._ids.setdefault(key, {})
        if time >= ids.get(uid, time + 1) or key in self._crowded or len(uid) > LONGEST_ID or "@" in uid:
            return
        ids[uid] = time
        self.revision += 1
        if len(ids) > MOST_IDS:
            self._crowded.add(key)
            ids.clear()

    def joins(self, organisations: Codes, accounts: Vocabulary, mailboxes: Vocabulary) -> Joins:
        """Return which accounts are object ids or other names, and whose.

        `organisations` maps each organisation's code to its present one. Codes are those of the vocabularies; names of accounts
        are added to `mailboxes` where mailboxes are named otherwise.

        The earliest pair decides; of pairs with equal time, the alphabetically first name. Nobody can write into a log's
        past, so no later record can take over a person's id. Names are joined only if each has one id: a name that was given
        to a second person belongs to neither.
        """
        stated = self._list_stated(organisations, accounts)
        found: dict[int, int] = {}
        contested: set[int] = set()
        for (organisation, uid), names in stated.items():
            code = accounts.code(uid)
            if code != MISSING:
                found[organisation << 32 | code] = min(names)[2]
                if len(names) > 1:
                    contested.add(organisation << 32 | code)
        others = _find_other_names(stated) | self._find_guests(organisations, accounts)
        joined = others | found
        keys = sorted(joined)
        return Joins(
            np.array(keys, np.uint64),
            np.array([joined[key] for key in keys], np.int32),
            np.array([key in contested for key in keys], bool),
            np.array([key not in found for key in keys], bool),
            _join_mailboxes(stated, others, accounts, mailboxes),
        )

    def _list_stated(self, organisations: Codes, accounts: Vocabulary) -> Stated:
        """Return by organisation and id the earliest time, text and code of each name."""
        stated: dict[tuple[int, str], dict[int, int]] = {}
        for key, ids in self._ids.items():
            if "@" in accounts.text(key & 0xFFFFFFFF):
                for uid, time in ids.items():
                    times = stated.setdefault((int(organisations[key >> 32]), uid), {})
                    times[key & 0xFFFFFFFF] = min(time, times.get(key & 0xFFFFFFFF, time))
        return {
            pair: {(time, accounts.text(code), code) for code, time in times.items()}
            for pair, times in stated.items()
        }

    def _find_guests(self, organisations: Codes, accounts: Vocabulary) -> dict[int, int]:
        """Return the guests' names, by organisation and code, whose names at home the organisation's logs state too."""
        known = {
            int(organisations[key >> 32]) << 32 | key & 0xFFFFFFFF for key in (*self._ids, *self._crowded)
        }
        found = {}
        for key in known:
            text = accounts.text(key & 0xFFFFFFFF)
            local, _, domain = text.partition(GUEST)[0].rpartition("_")
            code = (
                accounts.code(f"{local}@{domain}") if GUEST in text and local and "." in domain else MISSING
            )
            if code != MISSING and key >> 32 << 32 | code in known:
                found[key] = code
        return found

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        pairs = sorted((key, uid, time) for key, ids in self._ids.items() for uid, time in ids.items())
        return {
            "names": np.array([key for key, _, _ in pairs], np.uint64),
            **pack_texts("ids", (uid for _, uid, _ in pairs)),
            "times": np.array([time for _, _, time in pairs], np.int64),
            "crowded": np.array(sorted(self._crowded), np.uint64),
        }

    @classmethod
    def restore(cls, saved: RestoredState, organisations: int, accounts: int) -> ObjectIds:
        """Return a saved state, checked against the numbers of organisations and accounts. Raises `StateInvalid`."""
        fresh = cls()
        names = saved.array("names", np.uint64, None)
        ids, times = saved.texts("ids", len(names)), saved.array("times", np.int64, len(names))
        crowded = saved.keys("crowded")
        for keys in (names, crowded):
            if ((keys >> np.uint64(32)) >= organisations).any() or (
                (keys & np.uint64(0xFFFFFFFF)) >= accounts
            ).any():
                raise saved.invalid("names", "names what there is not")
        fresh._crowded = set(crowded.tolist())
        for key, uid, time in zip(names.tolist(), ids, times.tolist(), strict=True):
            fresh._note(key, uid, time)
        return fresh


def _find_other_names(stated: Stated) -> dict[int, int]:
    """Return the names, by organisation and code, whose only id has an earlier name that has no other id either."""
    ids: Counter[int] = Counter(
        organisation << 32 | name[2] for (organisation, _), names in stated.items() for name in names
    )
    found: dict[int, int] = {}
    for (organisation, _), names in stated.items():
        first = min(names)[2]
        if len(names) > 1 and ids[organisation << 32 | first] == 1:
            others = (organisation << 32 | code for _, _, code in names if code != first)
            found |= {key: first for key in others if ids[key] == 1}
    return found


def _join_mailboxes(
    stated: Stated, others: Mapping[int, int], accounts: Vocabulary, mailboxes: Vocabulary
) -> CodeJoins:
    """Return the mailboxes that records name by object id or another name, and whose they are."""
    wanted = {(organisation, uid): min(names)[1] for (organisation, uid), names in stated.items()}
    wanted |= {
        (key >> 32, accounts.text(key & 0xFFFFFFFF)): accounts.text(name) for key, name in others.items()
    }
    found = {}
    for (organisation, text), name in sorted(wanted.items()):
        code = mailboxes.code(text)
        if code != MISSING:
            found[organisation << 32 | code] = mailboxes.learn(name)
    keys = sorted(found)
    return CodeJoins(np.array(keys, np.uint64), np.array([found[key] for key in keys], np.int32))


def stating(columns: dict[str, np.ndarray], vocabularies: dict[str, Vocabulary]) -> Bools:
    """Return which of n coded events may state a pair, bool (n,)."""
    chosen = np.ones(len(columns["kind"]), bool)
    for name, wanted in STATING.items():
        table = np.zeros(len(vocabularies[name]) + 1, bool)
        table[vocabularies[name].matches(wanted)] = True
        table[MISSING] = False
        chosen &= table[columns[name]]
    return chosen

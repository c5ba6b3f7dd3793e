"""Learn which directory object id belongs to which account name, by organisation, from records with both.

Many records name a person by user principal name, others by object id alone. The provider's own records of sign-ins and
directory changes contain both.
"""

from __future__ import annotations

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


def _no_codes() -> Codes:
    return np.empty(0, np.int32)


@dataclass(frozen=True, slots=True)
class Joins:
    """Hold n object ids that some records use as account, and the account of each.

    `keys`, uint64 (n,), sorted, combine organisation and account as `pair_keys`. `names`, int32 (n,), are the codes of the
    account names. `is_contested`, bool (n,), marks ids for which records state several names. `mailbox_ids` and
    `mailbox_names`, int32 (n,) or (0,), are the codes of ids and names among the mailboxes, MISSING if no record names
    the id as a mailbox.
    """

    keys: Keys = field(default_factory=_no_keys)
    names: Codes = field(default_factory=_no_codes)
    is_contested: Bools = field(default_factory=lambda: np.empty(0, bool))
    mailbox_ids: Codes = field(default_factory=_no_codes)
    mailbox_names: Codes = field(default_factory=_no_codes)

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, organisation: Codes, account: Codes) -> tuple[Codes, Codes]:
        """Return the rows of n events whose account is an object id, and the index of each id in `keys`."""
        if not len(self.keys) or not len(account):
            return np.empty(0, np.int32), np.empty(0, np.int32)
        ids = (self.keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
        is_id = np.zeros(max(int(ids.max()), int(account.max())) + 2, bool)
        is_id[ids] = True  # the last place is that of MISSING
        rows = np.flatnonzero(is_id[account])
        keys = pair_keys(organisation[rows], account[rows])
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        is_known = self.keys[places] == keys
        return rows[is_known], places[is_known]

    def name_own_mailboxes(self, rows: Codes, places: Codes, mailbox: Codes) -> Codes:
        """Return the mailboxes of events, with the account's name where one is the account's own by its object id.

        `rows` and `places` are those of `find`. Only the account's own mailbox is named, so that the rows that change are
        those whose account does.
        """
        if not len(self.mailbox_ids):
            return mailbox
        is_own = (mailbox[rows] != MISSING) & (mailbox[rows] == self.mailbox_ids[places])
        if not is_own.any():
            return mailbox
        named = mailbox.astype(np.int32)
        named[rows[is_own]] = self.mailbox_names[places[is_own]]
        return named


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

    def joins(self, organisations: Codes, accounts: Vocabulary, mailboxes: Vocabulary | None = None) -> Joins:
        """Return which accounts are object ids, and whose. `organisations` maps each organisation's code to its present one.

        `mailboxes` learns the names of accounts whose ids it contains.

        The earliest pair decides; of pairs with equal time, the alphabetically first name. Nobody can write into a log's
        past, so no later record can take over a person's id. Account codes are those of the vocabulary.
        """
        found: dict[int, tuple[int, str, int]] = {}
        contested: set[int] = set()
        for key, ids in self._ids.items():
            name = key & 0xFFFFFFFF
            text = accounts.text(name)
            if "@" not in text:
                continue
            for uid, time in ids.items():
                code = accounts.code(uid)
                if code == MISSING:
                    continue
                place = int(organisations[key >> 32]) << 32 | code
                own, known = (time, text, name), found.get(place)
                if known is not None and known[2] != name:
                    contested.add(place)
                found[place] = own if known is None else min(own, known)
        keys = sorted(found)
        names = [found[key][2] for key in keys]
        boxes = _list_mailboxes([key & 0xFFFFFFFF for key in keys], names, accounts, mailboxes)
        return Joins(
            np.array(keys, np.uint64),
            np.array(names, np.int32),
            np.array([key in contested for key in keys], bool),
            *boxes,
        )

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


def _list_mailboxes(
    ids: list[int], names: list[int], accounts: Vocabulary, mailboxes: Vocabulary | None
) -> tuple[Codes, Codes]:
    """Return the codes of object ids and of their names among the mailboxes; ids and names are codes of accounts."""
    if mailboxes is None:
        return _no_codes(), _no_codes()
    boxes = [mailboxes.code(accounts.text(code)) for code in ids]
    own = [
        MISSING if box == MISSING else mailboxes.learn(accounts.text(name))
        for box, name in zip(boxes, names, strict=True)
    ]
    return np.array(boxes, np.int32), np.array(own, np.int32)


def stating(columns: dict[str, np.ndarray], vocabularies: dict[str, Vocabulary]) -> Bools:
    """Return which of n coded events may state a pair, bool (n,)."""
    chosen = np.ones(len(columns["kind"]), bool)
    for name, wanted in STATING.items():
        table = np.zeros(len(vocabularies[name]) + 1, bool)
        table[vocabularies[name].matches(wanted)] = True
        table[MISSING] = False
        chosen &= table[columns[name]]
    return chosen

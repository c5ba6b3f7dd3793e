"""Convert tables of enriched events into integer codes, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.array_state import RestoredState, State, nest_states, pack_texts
from seawall.events.coded_batch import MISSING, Codes, Interner, Vocabulary, pair_keys
from seawall.events.event import ENRICHED_SCHEMA
from seawall.events.object_ids import Joins, ObjectIds, stating

NAMES = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_dictionary(f.type))
RULES = "rules"
RULE_KEYS = "rule_keys"
"""Columns of Sigma results: the rules that hit (`rules`, a name), and the values that correlations need (`rule_keys`, a text)."""

TEXTS = (*(f.name for f in ENRICHED_SCHEMA if pa.types.is_string(f.type)), RULE_KEYS)
FLAGS = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_boolean(f.type))
TIMES = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_timestamp(f.type) and f.name != "time")
INTEGERS = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_integer(f.type))
NUMBERS = (*FLAGS, *TIMES, *INTEGERS)

UNSEEN = (
    "source_file", "status_detail", "actor_user_uid", "actor_app_uid", "target_app_uid", "user_agent", "src_ip", "folder",
)  # fmt: skip
"""Name columns that only people read and no detector uses. Over time they get very many values."""

NETWORK = "network"
WHO = ("account", "mailbox")
"""Columns whose mail domain identifies the organisation of a record that does not state one."""
UNKNOWN_ORGANISATION = "unknown"


Marks = Callable[[pa.Table], tuple[pa.Array, pa.Array]]
"""Function that returns for enriched events the rules that hit each, and the values that correlations need."""

Meanings = tuple[dict[str, Vocabulary], dict[str, Codes], Joins]
"""Meaning of codes: vocabularies, the present code of each earlier code by column, and the accounts of object ids."""


class Coder:
    """Hold one vocabulary for each name column, and learn from each table that it encodes.

    `actors` are the codes of accounts within their organisations; spools of this coder's tables share them. A scan first
    encodes everything and then renumbers it (`settle`). Records that arrive day by day keep their codes (`meanings`).
    """

    def __init__(
        self, *, unseen: bool = True, marks: Marks | None = None, homes: Mapping[str, str] | None = None
    ) -> None:
        """Start with empty vocabularies. With `unseen` false, names that no detector uses become null.

        `marks` evaluates rules while events still have all fields. `homes` are the present organisations of those that
        are known only by a domain, decided from more records than this coder sees; without them it decides itself.
        """
        self._marks = marks
        self._given_homes = homes
        self._left_out = () if unseen else UNSEEN
        self.actors = Interner()
        self.vocabularies: dict[str, Vocabulary] = {name: Vocabulary() for name in (*NAMES, NETWORK, RULES)}
        self.object_ids = ObjectIds()
        self._homes: dict[str, dict[str, int]] = {}
        self._seen: dict[str, set[int]] = {name: set() for name in WHO}

    def encode(self, events: pa.Table) -> pa.Table:
        """Return the events with name columns as int32 codes (-1 for null) and numbers without nulls."""
        columns: dict[str, pa.Array | pa.ChunkedArray | np.ndarray] = {
            "time": events["time"].cast(pa.int64()),
        }
        for name in NAMES:
            if name in self._left_out:
                columns[name] = np.full(len(events), MISSING, np.int8)
            else:
                columns[name] = self.vocabularies[name].encode(events[name])
        for name in TEXTS:
            if name != RULE_KEYS:
                columns[name] = events[name]
        hit, columns[RULE_KEYS] = self._mark(events)
        columns[RULES] = self.vocabularies[RULES].encode(hit)
        for name in FLAGS:
            columns[name] = _numbers(events[name].cast(pa.int8()), MISSING).astype(np.int8)
        for name in TIMES:
            columns[name] = _numbers(events[name].cast(pa.int64()), 0)
        for name in INTEGERS:
            columns[name] = _numbers(events[name], MISSING)
        columns[NETWORK] = self._networks(columns)
        columns["org_uid"] = self._organisations(columns)
        is_stating = stating(columns, self.vocabularies)
        self.object_ids.learn(is_stating, events, columns["org_uid"], columns["account"])
        return pa.table(columns)

    def _mark(self, events: pa.Table) -> tuple[pa.Array, pa.Array]:
        if self._marks is None:
            nothing = pa.nulls(len(events), pa.string())
            return nothing, nothing
        return self._marks(events)

    def _networks(self, columns: dict[str, np.ndarray]) -> Codes:
        """Return a code for each event's network: the autonomous system with its name if known, else the address block."""
        asn, name, prefix = columns["src_asn"], columns["src_asn_name"], columns["src_prefix"]
        with_name = (asn << 31) | (name.astype(np.int64) + 1)
        keys = np.where(asn >= 0, with_name, -2 - prefix.astype(np.int64))
        encoded = pa.array(keys).dictionary_encode()
        distinct, inverse = encoded.dictionary.to_numpy(), encoded.indices.to_numpy()
        first = np.empty(len(distinct), np.int64)
        first[inverse[::-1]] = np.arange(len(keys))[::-1]
        codes = np.full(len(distinct), MISSING, np.int32)
        for place, (key, row) in enumerate(zip(distinct.tolist(), first.tolist(), strict=True)):
            if key >= 0:
                label = self.vocabularies["src_asn_name"].text(int(name[row]))
                codes[place] = self.vocabularies[NETWORK].learn(f"AS{key >> 31} {label}".strip())
            elif key < -1:
                codes[place] = self.vocabularies[NETWORK].learn(
                    self.vocabularies["src_prefix"].text(-2 - key)
                )
        return np.asarray(codes[inverse], np.int32)

    def _organisations(self, columns: dict[str, np.ndarray]) -> Codes:
        """Return each event's organisation code, and learn the organisation of each mail domain.

        Without an id, the domain stands in.
        """
        organisations, filled = self.vocabularies["org_uid"], columns["org_uid"]
        for name in WHO:
            self._learn_homes(filled, name, columns[name])
        for name in WHO:
            if (filled < 0).any():
                filled = np.where(filled >= 0, filled, self._stand_ins(name, columns[name], filled < 0))
        if (filled < 0).any():
            filled = np.where(filled >= 0, filled, organisations.learn(UNKNOWN_ORGANISATION))
        return filled.astype(np.int32, copy=False)

    def _learn_homes(self, organisation: Codes, name: str, who: Codes) -> None:
        """Count by mail domain how many names were seen under each organisation id."""
        organisations, names = self.vocabularies["org_uid"], self.vocabularies[name]
        has_both = (organisation >= 0) & (who >= 0)
        keys = pa.array(pair_keys(organisation[has_both], who[has_both])).unique().to_pylist()
        seen = self._seen[name]
        for key in keys:
            if key in seen:
                continue
            seen.add(key)
            owner, domain = organisations.text(key >> 32), domain_of(names.text(key & 0xFFFFFFFF))
            if domain is not None and owner != domain:
                homes = self._homes.setdefault(domain, {})
                homes[owner] = homes.get(owner, 0) + 1

    def _stand_ins(self, name: str, who: Codes, rows: np.ndarray) -> Codes:
        """Return the mail domain of each name in the rows as an organisation code, MISSING if it has none."""
        table = np.full(len(self.vocabularies[name]) + 1, MISSING, np.int32)
        for code in np.unique(who[rows]).tolist():
            domain = domain_of(self.vocabularies[name].text(code))
            if domain is not None:
                table[code] = self.vocabularies["org_uid"].learn(domain)
        return np.asarray(table[who], np.int32)

    def settle(self) -> Meanings:
        """Return vocabularies in alphabetical order, by column the new code of each old code, and the accounts of object ids.

        Alphabetical codes do not depend on the order of files. An organisation known only by a domain becomes the
        organisation id under which most accounts of the domain were seen. If the whole input belongs to one organisation,
        records without a domain belong to it too.
        """
        organisations, numbers = _sort_texts(
            pa.array(self._homes_of(self.vocabularies["org_uid"]), pa.string())
        )
        vocabularies, mappings = {"org_uid": organisations}, {"org_uid": numbers}
        joins = self._joins(numbers)  # may add mailboxes, so the others follow
        for name, vocabulary in self.vocabularies.items():
            if name not in vocabularies:
                vocabularies[name], mappings[name] = _sort_texts(vocabulary.array)
        return vocabularies, mappings, joins

    def meanings(self) -> Meanings:
        """Return the vocabularies, the present organisation of each organisation code, and the accounts of object ids.

        All other codes keep their meaning. This serves records that arrive continuously: codes never change. An
        organisation known only by a domain maps to the one under which most of its accounts were seen so far (`homes`).
        """
        organisations = self.vocabularies["org_uid"]
        for home in dict.fromkeys(self.homes()):
            organisations.learn(home)
        homes = map(organisations.code, self.homes())
        mapping = np.array([*homes, MISSING], np.int32)
        return self.vocabularies, {"org_uid": mapping}, self._joins(mapping)

    def _joins(self, organisations: Codes) -> Joins:
        """Return the account of each object id, in organisations as mapped and accounts as coded."""
        return self.object_ids.joins(
            organisations, self.vocabularies["account"], self.vocabularies["mailbox"]
        )

    def homes(self) -> list[str]:
        """Return for each organisation code the id of its present organisation."""
        return self._homes_of(self.vocabularies["org_uid"])

    def state(self) -> State:
        """Return the state as arrays. The codes in detectors' states are meaningless without it."""
        homes = [
            (domain, owner, count)
            for domain, owners in sorted(self._homes.items())
            for owner, count in sorted(owners.items())
        ]
        state: State = {
            "actors": self.actors.keys.copy(),
            **pack_texts("homes.domain", (domain for domain, _, _ in homes)),
            **pack_texts("homes.owner", (owner for _, owner, _ in homes)),
            "homes.count": np.array([count for _, _, count in homes], np.int64),
            **nest_states(object_ids=self.object_ids.state()),
        }
        for name, vocabulary in self.vocabularies.items():
            state |= pack_texts(f"vocabularies.{name}", vocabulary.values)
        for name, seen in self._seen.items():
            state[f"seen.{name}"] = np.array(sorted(seen), np.uint64)
        return state

    def restore(self, state: State) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`, and then changes nothing."""
        saved, fresh = RestoredState(state), Coder()
        for name in fresh.vocabularies:
            texts = saved.part("vocabularies").texts(name)
            if len(set(texts)) != len(texts):
                raise saved.part("vocabularies").invalid(name, "holds a text twice")
            fresh.vocabularies[name] = Vocabulary(texts)
        for name in fresh._seen:
            fresh._seen[name] = set(saved.part("seen").keys(name).tolist())
        counts = saved.part("homes").array("count", np.int64, None).tolist()
        domains = saved.part("homes").texts("domain", len(counts))
        owners = saved.part("homes").texts("owner", len(counts))
        for domain, owner, count in zip(domains, owners, counts, strict=True):
            fresh._homes.setdefault(domain, {})[owner] = count
        fresh.actors = Interner(saved.keys("actors", ordered=False))
        sizes = (len(fresh.vocabularies[name]) for name in ("org_uid", "account"))
        fresh.object_ids = ObjectIds.restore(saved.part("object_ids"), *sizes)
        self.vocabularies, self.actors = fresh.vocabularies, fresh.actors
        self._homes, self._seen, self.object_ids = fresh._homes, fresh._seen, fresh.object_ids

    def _homes_of(self, organisations: Vocabulary) -> list[str]:
        """Return for each organisation the present one."""
        if self._given_homes is not None:
            return [self._given_homes.get(value, value) for value in organisations.values]
        return choose_homes(self._homes, organisations.values)


def _sort_texts(texts: pa.StringArray) -> tuple[Vocabulary, Codes]:
    """Return texts without repetition in alphabetical order, and the new code of each text; the last is for MISSING."""
    # UTF-8 bytes sort like code points.
    order = pc.sort_indices(texts)
    encoded = texts.take(order).dictionary_encode()
    mapping = np.full(len(texts) + 1, MISSING, np.int32)
    mapping[order.to_numpy()] = encoded.indices.to_numpy()
    return Vocabulary(encoded.dictionary), mapping


def choose_homes(counts: Mapping[str, Mapping[str, int]], organisations: Sequence[str]) -> list[str]:
    """Return for each organisation the present one: of a mail domain, the id under which most of its accounts were seen.

    `counts` are by mail domain how many names were seen under each organisation id. If all belongs to one organisation,
    records without a domain belong to it too.
    """
    found = [_choose_home(counts.get(value), value) for value in organisations]
    known = set(found) - {UNKNOWN_ORGANISATION}
    if len(known) == 1:
        return [next(iter(known))] * len(found)
    return found


def _choose_home(homes: Mapping[str, int] | None, value: str) -> str:
    return min(homes, key=lambda uid: (-homes[uid], uid)) if homes else value


def domain_of(name: str) -> str | None:
    """Return the domain of a UPN; for a guest, that of the inviting organisation (`a_b.com#EXT#@c.com` gives `c.com`)."""
    domain = name.rpartition("@")[2].strip().lower() if "@" in name else ""
    return domain if "." in domain else None


def _numbers(column: pa.ChunkedArray, missing: int) -> np.ndarray:
    return np.asarray(pc.fill_null(column, missing).combine_chunks().to_numpy(zero_copy_only=False), np.int64)

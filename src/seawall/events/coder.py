"""Turns enriched event tables into integer codes, and back."""

from __future__ import annotations

from collections.abc import Callable

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
"""What rules said of each event: which hit (a name), and what correlations need of it (a text)."""

TEXTS = (*(f.name for f in ENRICHED_SCHEMA if pa.types.is_string(f.type)), RULE_KEYS)
FLAGS = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_boolean(f.type))
TIMES = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_timestamp(f.type) and f.name != "time")
INTEGERS = tuple(f.name for f in ENRICHED_SCHEMA if pa.types.is_integer(f.type))
NUMBERS = (*FLAGS, *TIMES, *INTEGERS)

UNSEEN = (
    "source_file", "status_detail", "actor_user_uid", "actor_app_uid", "target_app_uid", "user_agent", "src_ip", "folder",
)  # fmt: skip
"""Names that people look at and detectors never do. There are very many of them over time."""

NETWORK = "network"
WHO = ("account", "mailbox")
"""Whose domain tells the organisation of a record that states none."""
UNKNOWN_ORGANISATION = "unknown"


Marks = Callable[[pa.Table], tuple[pa.Array, pa.Array]]
"""Gives for enriched events the names of the rules that hit each, and what correlations need of it."""

Meanings = tuple[dict[str, Vocabulary], dict[str, Codes], Joins]
"""What codes mean: vocabularies and, by column, what each code is now; and the accounts that object ids are."""


class Coder:
    """Holds one vocabulary per name column and learns from each table it encodes.

    `actors` are the codes of accounts within their organisations; spools of this coder's tables share them.
    A scan codes everything, then numbers it (`settle`); what arrives day by day keeps the codes it got (`meanings`).
    """

    def __init__(self, *, unseen: bool = True, marks: Marks | None = None) -> None:
        """`unseen` false leaves out the names that no detector looks at: they are null then.

        `marks` is asked which rules hit, while events still have all their fields.
        """
        self._marks = marks
        self._left_out = () if unseen else UNSEEN
        self.actors = Interner()
        self.vocabularies: dict[str, Vocabulary] = {name: Vocabulary() for name in (*NAMES, NETWORK, RULES)}
        self.object_ids = ObjectIds()
        self._homes: dict[str, dict[str, int]] = {}
        self._seen: dict[str, set[int]] = {name: set() for name in WHO}

    def encode(self, events: pa.Table) -> pa.Table:
        """Return the events with every name column as int32 codes (-1: null) and every number without nulls."""
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
        """Code each event's network: its autonomous system with its name where known, else the address block."""
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
        """Note which organisation id each mail domain belongs to; stand in the domain where there is no id."""
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
        """Count for each mail domain how many names were seen under each organisation id."""
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
        """Return the domain of each name in the rows as an organisation's code, MISSING where it has none."""
        table = np.full(len(self.vocabularies[name]) + 1, MISSING, np.int32)
        for code in np.unique(who[rows]).tolist():
            domain = domain_of(self.vocabularies[name].text(code))
            if domain is not None:
                table[code] = self.vocabularies["org_uid"].learn(domain)
        return np.asarray(table[who], np.int32)

    def settle(self) -> Meanings:
        """Return vocabularies in order of text, per column what each code of before is now, and whose each object id is.

        Order of text makes codes independent of the order of files. Organisations known only by a domain
        become the organisation id that most of the domain's accounts were seen under. When the whole input is
        of one organisation, what names no domain is of it too.
        """
        vocabularies, mappings = {}, {}
        for name, vocabulary in self.vocabularies.items():
            texts = (
                pa.array(self._homes_of(vocabulary), pa.string()) if name == "org_uid" else vocabulary.array
            )
            # Bytes of UTF-8 and code points have the same order.
            order = pc.sort_indices(texts)
            ordered = texts.take(order)
            numbers = np.arange(len(texts), dtype=np.int32)
            if name == "org_uid":
                encoded = ordered.dictionary_encode()
                ordered, numbers = encoded.dictionary, encoded.indices.to_numpy()
            vocabularies[name] = Vocabulary(ordered)
            mappings[name] = np.full(len(texts) + 1, MISSING, np.int32)
            mappings[name][order.to_numpy()] = numbers
        return vocabularies, mappings, self._joins(mappings["org_uid"])

    def meanings(self) -> Meanings:
        """Return the vocabularies as they are, what each organisation's code means just now, and whose each object id is.

        All other codes mean themselves.

        For what arrives for as long as it is left running: codes never change. Organisations known only by a domain are
        mapped to the one that most of its accounts were seen under so far (`homes`).
        """
        homes = map(self.vocabularies["org_uid"].code, self.homes())
        mapping = np.array([*homes, MISSING], np.int32)
        return self.vocabularies, {"org_uid": mapping}, self._joins(mapping)

    def _joins(self, organisations: Codes) -> Joins:
        """Return whose each object id is: in organisations as they are mapped, and in accounts as they were coded."""
        return self.object_ids.joins(organisations, self.vocabularies["account"])

    def homes(self) -> list[str]:
        """Return for each organisation, by code, the one that it is just now."""
        return self._homes_of(self.vocabularies["org_uid"])

    def state(self) -> State:
        """Return what is known, as plain arrays: without it the codes that detectors keep mean nothing."""
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
        """Know what was kept, and nothing else. Raises `StateInvalid`; the coder is then as it was."""
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
        """Return for each organisation of before the one it is."""
        found = [self._home(value) for value in organisations.values]
        known = set(found) - {UNKNOWN_ORGANISATION}
        if len(known) == 1:
            return [next(iter(known))] * len(found)
        return found

    def _home(self, value: str) -> str:
        homes = self._homes.get(value)
        return min(homes, key=lambda uid: (-homes[uid], uid)) if homes else value


def domain_of(name: str) -> str | None:
    """Return the domain of a UPN, its own organisation's for a guest (`a_b.com#EXT#@c.com` is of `c.com`)."""
    domain = name.rpartition("@")[2].strip().lower() if "@" in name else ""
    return domain if "." in domain else None


def _numbers(column: pa.ChunkedArray, missing: int) -> np.ndarray:
    return np.asarray(pc.fill_null(column, missing).combine_chunks().to_numpy(zero_copy_only=False), np.int64)

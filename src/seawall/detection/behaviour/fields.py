"""Define the fields of behaviour: the categorical values that are counted for each account.

To add a field, add a row to `FIELDS`. Its counts, surprises, explanation and ranker inputs follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seawall.events.array_state import RestoredState, State, pack_texts
from seawall.events.coded_batch import (
    MISSING,
    Bools,
    CodedBatch,
    Codes,
    Interner,
    Keys,
    Vocabulary,
    pair_keys,
)
from seawall.events.grouping import distinct, group_pairs


@dataclass(frozen=True, slots=True)
class BehaviourField:
    """Define one field: its name, its name in explanations, and the one or two columns that its value consists of."""

    name: str
    words: str
    columns: tuple[str, ...]

    @property
    def name_columns(self) -> tuple[str, ...]:
        """Return the event columns with the texts of a value."""
        return _MADE_OF.get(self.columns[0], self.columns)


_MADE_OF = {"method": ("auth_method", "auth_protocol"), "foreign_mailbox": ("mailbox",)}
"""Maps derived columns to the event columns that they are computed from."""

FIELDS: tuple[BehaviourField, ...] = (
    BehaviourField("network", "network", ("network",)),
    BehaviourField("prefix", "address block", ("src_prefix",)),
    BehaviourField("country", "country", ("src_location",)),
    BehaviourField("client", "client", ("client",)),
    BehaviourField("app", "application", ("app_uid",)),
    BehaviourField("activity", "operation", ("activity_name",)),
    BehaviourField("mailbox", "mailbox of somebody else", ("foreign_mailbox",)),
    BehaviourField("method", "way of signing in", ("method",)),
    BehaviourField("device", "device", ("device_uid",)),
    BehaviourField("key", "credential key", ("key_uid",)),
    BehaviourField("app_client", "application with this client", ("app_uid", "client")),
    BehaviourField("app_network", "application from this network", ("app_uid", "network")),
    BehaviourField("app_activity", "operation through this application", ("app_uid", "activity_name")),
    BehaviourField("client_network", "client on this network", ("client", "network")),
)
COLUMNS = tuple(dict.fromkeys(column for field in FIELDS for column in field.columns))
FIELD_NAMES = tuple(field.name for field in FIELDS)


NamedApps = tuple[Keys, Codes]
"""Distinct pairs of an application, organisation << 32 | application, and a name that a record states, (n,) each."""


class DerivedColumns:
    """Compute the columns that fields need and events lack: sign-in method, another account's mailbox, and pairs."""

    __slots__ = ("_app_names", "_owners", "_pairs")

    def __init__(self) -> None:
        self._owners: tuple[object, Codes] = (None, np.empty(0, np.int32))
        self._app_names: dict[tuple[int, int], str] = {}
        self._pairs: dict[str, Interner] = {f.name: Interner() for f in FIELDS if len(f.columns) == 2}
        self._pairs["method"] = Interner()

    def pair(self, name: str, left: Codes, right: Codes) -> Codes:
        """Return an integer code for each pair, int32 (n,); MISSING if either side is missing."""
        return self._code(name, pair_keys(left, right), (left != MISSING) & (right != MISSING))

    def _code(self, name: str, keys: Keys, has_value: Bools) -> Codes:
        """Return the codes of keys, MISSING without a value.

        New ones are numbered in ascending order, so that it is the same whether they come from one batch or from its parts.
        """
        codes = np.where(has_value, self._pairs[name].look_up(keys), MISSING).astype(np.int32)
        fresh = np.flatnonzero(has_value & (codes == MISSING))
        if len(fresh):
            self._pairs[name].learn(distinct(keys[fresh]))
            codes[fresh] = self._pairs[name].look_up(keys[fresh])
        return codes

    def list_methods(self, batch: CodedBatch) -> Keys:
        """Return the new ways of signing in of a batch, as sorted keys for `learn`."""
        keys, signing_in = _find_methods(batch)
        return self._list_fresh("method", keys[signing_in])

    def list_pairs(self, field: BehaviourField, columns: Callable[[str], Codes]) -> Keys:
        """Return the new values of a paired field, as sorted keys for `learn`."""
        left, right = (columns(name) for name in field.columns)
        return self._list_fresh(field.name, pair_keys(left, right)[(left != MISSING) & (right != MISSING)])

    def _list_fresh(self, name: str, keys: Keys) -> Keys:
        return np.asarray(distinct(keys[self._pairs[name].look_up(keys) == MISSING]), np.uint64)

    def learn(self, name: str, keys: Keys) -> None:
        """Number the new ones of sorted keys."""
        self._pairs[name].learn(keys)

    def parts(self, name: str, code: int) -> tuple[int, int]:
        """Return the two codes of a pair's code."""
        key = int(self._pairs[name].keys[code])
        return _signed_code(key >> 32), _signed_code(key & 0xFFFFFFFF)

    def halves(self, name: str, codes: Codes) -> tuple[Codes, Codes]:
        """Return the two codes behind each code of a paired field, int32 (n,) each; those of a null code are arbitrary."""
        keys = self._pairs[name].keys[codes] if len(self._pairs[name]) else np.zeros(len(codes), np.uint64)
        return (keys >> np.uint64(32)).astype(np.int32), keys.astype(np.int32)

    def texts(
        self, field: BehaviourField, codes: Codes, vocabularies: Mapping[str, Vocabulary]
    ) -> list[tuple[str, ...]]:
        """Return for each value code of a field the texts that it consists of."""
        halves = [codes.tolist()]
        if len(field.name_columns) == 2:
            halves = [half.tolist() for half in self.halves(field.name, codes)]
        columns = []
        for name, half in zip(field.name_columns, halves, strict=True):
            values = vocabularies[name].values
            columns.append([values[code] if code >= 0 else "" for code in half])
        return list(zip(*columns, strict=True))

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        names = sorted(self._app_names.items())
        return {
            **{f"pairs.{name}": pairs.keys.copy() for name, pairs in self._pairs.items()},
            "apps": np.array([key for key, _ in names], np.int64).reshape(-1, 2),
            **pack_texts("app_names", (text for _, text in names)),
        }

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        for name in self._pairs:
            self._pairs[name] = Interner(saved.part("pairs").keys(name, ordered=False))
        apps = saved.array("apps", np.int64, None, 2)
        keys = ((tenant, app) for tenant, app in apps.tolist())
        self._app_names = dict(zip(keys, saved.texts("app_names", len(apps)), strict=True))

    def app_names(self, wanted: npt.NDArray[np.int64]) -> dict[tuple[int, int], str]:
        """Return the names of applications in their organisations' logs, by organisation and application.

        `wanted` are the pairs as organisation << 32 | application. It lacks those that the logs never name.
        """
        pairs = zip((wanted >> 32).tolist(), (wanted & 0xFFFFFFFF).tolist(), strict=True)
        return {pair: name for pair in pairs if (name := self._app_names.get(pair))}

    def all_app_names(self) -> dict[tuple[int, int], str]:
        """Return the names of all applications, by organisation and application."""
        return dict(self._app_names)

    def set_app_names(self, names: dict[tuple[int, int], str]) -> None:
        """Replace the names of all applications."""
        self._app_names = names

    def _learn_names(self, batch: CodedBatch) -> None:
        """Remember the names of applications, for people. If a day has several names for one, keep the alphabetically last."""
        self.learn_names(list_names(batch), batch.vocabularies["app_name"])

    def learn_names(self, names: NamedApps, texts: Vocabulary) -> None:
        """Do the same for the names that a day states, in any order."""
        apps, codes = names
        keys = apps.tolist()
        said = sorted((texts.text(code), key) for code, key in zip(codes.tolist(), keys, strict=True))
        for text, key in said:
            self._app_names[key >> 32, key & 0xFFFFFFFF] = text

    def _accounts_of(self, mailboxes: Vocabulary, accounts: Vocabulary) -> Codes:
        """Return each mailbox name's account code, MISSING if it is no account.

        Cached, because both vocabularies rarely change.
        """
        asked = (mailboxes, len(mailboxes), accounts, len(accounts))
        if self._owners[0] != asked:
            codes = [accounts.code(value) for value in mailboxes.values]
            self._owners = (asked, np.array([*codes, MISSING], np.int32))
        return self._owners[1]

    def columns(self, batch: CodedBatch) -> dict[str, Codes]:
        """Return every column that a field uses, int32 (n,), for a batch of n events.

        The mail provider's own servers answer from any of its address blocks and countries. For these, only the network is
        kept.
        """
        self._learn_names(batch)
        mailbox = batch.codes["mailbox"]
        owner = self._accounts_of(batch.vocabularies["mailbox"], batch.vocabularies["account"])
        foreign = np.where(
            (mailbox != MISSING) & (owner[mailbox] != batch.codes["account"]), mailbox, MISSING
        )
        columns = {name: batch.codes[name].astype(np.int32) for name in COLUMNS if name in batch.codes}
        provider = batch.one_of("src_network_class", ("microsoft",))
        for name in ("src_prefix", "src_location"):
            columns[name] = np.where(provider, MISSING, columns[name]).astype(np.int32)
        columns["foreign_mailbox"] = foreign.astype(np.int32)
        columns["method"] = self._code("method", *_find_methods(batch))
        return columns

    def value(self, field: BehaviourField, columns: Callable[[str], Codes]) -> Codes:
        """Return a field's value codes, int32 (n,), from its columns."""
        if len(field.columns) == 1:
            return columns(field.columns[0])
        return self.pair(field.name, columns(field.columns[0]), columns(field.columns[1]))


def list_names(batch: CodedBatch) -> NamedApps:
    """Return the names of applications that a batch states."""
    app, name = batch.codes["app_uid"], batch.codes["app_name"]
    rows = np.flatnonzero((app != MISSING) & (name != MISSING))
    whose = group_pairs(batch.codes["org_uid"][rows], app[rows])
    keys = distinct(pair_keys(whose.place.astype(np.int32), name[rows]))
    return whose.keys[(keys >> np.uint64(32)).astype(np.intp)], keys.astype(np.uint32).view(np.int32)


def _find_methods(batch: CodedBatch) -> tuple[Keys, Bools]:
    """Return a key for each event's way of signing in, and whether it has one."""
    method, protocol = batch.codes["auth_method"], batch.codes["auth_protocol"]
    return pair_keys(method, protocol), np.asarray((method != MISSING) | (protocol != MISSING), bool)


def _signed_code(half: int) -> int:
    return half if half < 0x80000000 else MISSING

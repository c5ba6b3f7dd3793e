"""The fields of behaviour: each one a categorical stream per account.

Adding a field is adding one row to `FIELDS`; its counts, surprises, explanation and ranker inputs follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from seawall.events.array_state import RestoredState, State, pack_texts
from seawall.events.coded_batch import MISSING, CodedBatch, Codes, Interner, Vocabulary, pair_keys
from seawall.events.grouping import distinct, group_pairs


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name, the words that a person reads, and the columns whose pair (or single) is its value."""

    name: str
    words: str
    columns: tuple[str, ...]

    @property
    def name_columns(self) -> tuple[str, ...]:
        """Return the name columns of the event whose texts a value is made of."""
        return _MADE_OF.get(self.columns[0], self.columns)


_MADE_OF = {"method": ("auth_method", "auth_protocol"), "foreign_mailbox": ("mailbox",)}
"""Columns that events do not have, and those that they are made of."""

FIELDS: tuple[Field, ...] = (
    Field("network", "network", ("network",)),
    Field("prefix", "address block", ("src_prefix",)),
    Field("country", "country", ("src_location",)),
    Field("client", "client", ("client",)),
    Field("app", "application", ("app_uid",)),
    Field("activity", "operation", ("activity_name",)),
    Field("mailbox", "mailbox of somebody else", ("foreign_mailbox",)),
    Field("method", "way of signing in", ("method",)),
    Field("device", "device", ("device_uid",)),
    Field("key", "credential key", ("key_uid",)),
    Field("app_client", "application with this client", ("app_uid", "client")),
    Field("app_network", "application from this network", ("app_uid", "network")),
    Field("app_activity", "operation through this application", ("app_uid", "activity_name")),
    Field("client_network", "client on this network", ("client", "network")),
)
COLUMNS = tuple(dict.fromkeys(column for field in FIELDS for column in field.columns))
FIELD_NAMES = tuple(field.name for field in FIELDS)


class DerivedColumns:
    """Columns that fields are made of but events do not have: method, somebody else's mailbox, pairs."""

    __slots__ = ("_app_names", "_owners", "_pairs")

    def __init__(self) -> None:
        self._owners: tuple[object, Codes] = (None, np.empty(0, np.int32))
        self._app_names: dict[tuple[int, int], str] = {}
        self._pairs: dict[str, Interner] = {f.name: Interner() for f in FIELDS if len(f.columns) == 2}
        self._pairs["method"] = Interner()

    def pair(self, name: str, left: Codes, right: Codes) -> Codes:
        """Return one code per pair, MISSING where either side is."""
        codes = self._pairs[name].learn(pair_keys(left, right))
        return np.where((left == MISSING) | (right == MISSING), MISSING, codes).astype(np.int32)

    def parts(self, name: str, code: int) -> tuple[int, int]:
        """Return the two codes that a pair was made of."""
        key = int(self._pairs[name].keys[code])
        return _sign_values(key >> 32), _sign_values(key & 0xFFFFFFFF)

    def texts(
        self, field: Field, codes: Codes, vocabularies: Mapping[str, Vocabulary]
    ) -> list[tuple[str, ...]]:
        """Return the texts that values of a field are made of."""
        halves = [codes.tolist()]
        if len(field.name_columns) == 2:
            keys = self._pairs[field.name].keys[codes]
            halves = [(keys >> np.uint64(32)).astype(np.int32).tolist(), keys.astype(np.int32).tolist()]
        columns = []
        for name, half in zip(field.name_columns, halves, strict=True):
            values = vocabularies[name].values
            columns.append([values[code] if code >= 0 else "" for code in half])
        return list(zip(*columns, strict=True))

    def state(self) -> State:
        """Return what is known, as plain arrays."""
        names = sorted(self._app_names.items())
        return {
            **{f"pairs.{name}": pairs.keys.copy() for name, pairs in self._pairs.items()},
            "apps": np.array([key for key, _ in names], np.int64).reshape(-1, 2),
            **pack_texts("app_names", (text for _, text in names)),
        }

    def restore(self, saved: RestoredState) -> None:
        """Know what was kept. Raises `StateInvalid`."""
        for name in self._pairs:
            self._pairs[name] = Interner(saved.part("pairs").keys(name, ordered=False))
        apps = saved.array("apps", np.int64, None, 2)
        keys = ((tenant, app) for tenant, app in apps.tolist())
        self._app_names = dict(zip(keys, saved.texts("app_names", len(apps)), strict=True))

    def app_name(self, tenant: int, app: int) -> str | None:
        """Return what an organisation's logs call an application, None where they never did."""
        return self._app_names.get((tenant, app))

    def _learn_names(self, batch: CodedBatch) -> None:
        """Remember what applications are called, for people; of a day's names the last in order of text."""
        app, name = batch.codes["app_uid"], batch.codes["app_name"]
        rows = np.flatnonzero((app != MISSING) & (name != MISSING))
        whose = group_pairs(batch.codes["org_uid"][rows], app[rows])
        keys = distinct(pair_keys(whose.place.astype(np.int32), name[rows])).tolist()
        said = sorted((batch.vocabularies["app_name"].text(key & 0xFFFFFFFF), key >> 32) for key in keys)
        for text, place in said:
            key = int(whose.keys[place])
            self._app_names[key >> 32, key & 0xFFFFFFFF] = text

    def _accounts_of(self, mailboxes: Vocabulary, accounts: Vocabulary) -> Codes:
        """Return the account that each mailbox's name is, MISSING where none; both vocabularies rarely change."""
        asked = (mailboxes, len(mailboxes), accounts, len(accounts))
        if self._owners[0] != asked:
            codes = [accounts.code(value) for value in mailboxes.values]
            self._owners = (asked, np.array([*codes, MISSING], np.int32))
        return self._owners[1]

    def columns(self, batch: CodedBatch) -> dict[str, Codes]:
        """Return every column that a field names, int32 (n,), for a batch of n events.

        The mail provider's own machines answer from any of its blocks and countries: there only the network
        as a whole says anything.
        """
        self._learn_names(batch)
        mailbox = batch.codes["mailbox"]
        owner = self._accounts_of(batch.vocabularies["mailbox"], batch.vocabularies["account"])
        foreign = np.where(
            (mailbox != MISSING) & (owner[mailbox] != batch.codes["account"]), mailbox, MISSING
        )
        method, protocol = batch.codes["auth_method"], batch.codes["auth_protocol"]
        methods = self._pairs["method"].learn(pair_keys(method, protocol))
        signing_in = (method != MISSING) | (protocol != MISSING)
        columns = {name: batch.codes[name].astype(np.int32) for name in COLUMNS if name in batch.codes}
        provider = batch.one_of("src_network_class", ("microsoft",))
        for name in ("src_prefix", "src_location"):
            columns[name] = np.where(provider, MISSING, columns[name]).astype(np.int32)
        columns["foreign_mailbox"] = foreign.astype(np.int32)
        columns["method"] = np.where(signing_in, methods, MISSING).astype(np.int32)
        return columns

    def value(self, field: Field, columns: Callable[[str], Codes]) -> Codes:
        """Return a field's value codes from the columns it names."""
        if len(field.columns) == 1:
            return columns(field.columns[0])
        return self.pair(field.name, columns(field.columns[0]), columns(field.columns[1]))


def _sign_values(half: int) -> int:
    return half if half < 0x80000000 else MISSING

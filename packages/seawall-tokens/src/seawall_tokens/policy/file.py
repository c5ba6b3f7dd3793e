"""Read a whole policy file (TOML) at start, and report every fault at once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from seawall_base.errors import PolicyInvalid
from seawall_base.settings_document import read_toml, show_name
from seawall_base.settings_reader import MALFORMED, SettingsErrors, check_names, read_rows, tables_of
from seawall_base.settings_values import kind_of, quote_value
from seawall_base.toml_lines import Path
from seawall_tokens.policy.issuer_policy import IssuerPolicy, NothingRevoked, Policy, RevocationList
from seawall_tokens.policy.issuer_table import read_issuer
from seawall_tokens.policy.settings import ELSEWHERE, REVOCATION_SETTINGS


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A valid policy file.

    `tables` are those that other parts read (`gate`), unparsed; `lines` maps each setting to its line.
    """

    path: FilePath
    issuers: tuple[IssuerPolicy, ...]
    revocation_store: FilePath | None
    tables: Mapping[str, Mapping[str, Any]]
    lines: Mapping[Path, int]

    def policy(self, revocations: RevocationList | None = None) -> Policy:
        """Return the policy with a revocation list."""
        return Policy(self.issuers, NothingRevoked() if revocations is None else revocations)


def load_policy(
    path: FilePath | str,
    *,
    clock: Callable[[], float] = time.time,
    revocations: RevocationList | None = None,
) -> Policy:
    """Load the policy of a file. Raises `PolicyInvalid` with every fault. Fetches no key set yet.

    The store of `[revocations]` is not opened here: pass its follower as `revocations`. A policy that names a store
    is refused without one, because revoked tokens would be accepted.
    """
    path = FilePath(path)
    document = load_document(path, clock=clock)
    if document.revocation_store is not None and revocations is None:
        line = document.lines.get(("revocations", "store"), 1)
        raise PolicyInvalid(
            f"{show_name(path)}:{line}: names a revocation store, and this program does not read it",
            fix="load_policy(path, revocations=RevocationFollower(store).start()), in each worker process",
        )
    return document.policy(revocations)


def load_document(path: FilePath, *, clock: Callable[[], float] = time.time) -> PolicyDocument:
    """Load a policy file with its other tables. Raises `PolicyInvalid` with every fault and its line."""
    document, faults = read_document(path, clock=clock)
    faults.refuse()
    return document


def read_document(
    path: FilePath, *, clock: Callable[[], float] = time.time
) -> tuple[PolicyDocument, SettingsErrors]:
    """Return the valid part of a policy file, and its faults so far.

    Readers of further tables add their faults and then refuse. Raises `PolicyInvalid` if the file cannot be read at
    all.
    """
    document, faults = read_toml(
        path,
        PolicyInvalid,
        give="give the path of a policy file",
        described="every setting is described in docs/reference/policy.md",
    )
    check_names(document, {"issuer", "revocations"} | ELSEWHERE, (), faults)
    # Key files are read repeatedly, so their paths must survive a change of the working folder.
    issuers = _issuers(document, path.absolute().parent, faults, clock)
    store = _revocation_store(document, path.parent, faults)
    tables = {}
    for name in sorted(ELSEWHERE & document.keys()):
        if isinstance(document[name], dict):
            tables[name] = document[name]
        else:
            faults.add((name,), f"is {kind_of(document[name])} where a table is needed", f"write [{name}]")
    return PolicyDocument(path, issuers, store, tables, faults.lines), faults


def _issuers(
    document: Mapping[str, Any], folder: FilePath, faults: SettingsErrors, clock: Callable[[], float]
) -> tuple[IssuerPolicy, ...]:
    entries = tables_of(document, "issuer", faults)
    if not entries and not faults.found:
        faults.add(
            ("issuer",), "is missing", "add an [[issuer]] table: without one nobody's tokens are accepted"
        )
    found: list[IssuerPolicy] = []
    seen: dict[tuple[str, str], Path] = {}
    for at, table in entries:
        issuer = read_issuer(table, at, folder, faults, clock)
        if issuer is None:
            continue
        found.append(issuer)
        for setting, value in (("issuer", issuer.issuer), ("name", issuer.name)):
            first = seen.setdefault((setting, value), at)
            if first != at and (setting == "issuer" or "name" in table):
                what = f"{quote_value(value)} is also that of the table on line {faults.line(first)}"
                faults.add((*at, setting), what, "keep one of them")
        # With a shared file, a key known of one issuer would not be new at the other, and no quarantine would hold
        # it.
        memory = table.get("key_memory")
        if isinstance(memory, str):
            first = seen.setdefault(("key_memory", os.path.normpath(folder / memory)), at)
            if first != at:
                what = f"{quote_value(memory)} is also that of the table on line {faults.line(first)}"
                faults.add((*at, "key_memory"), what, "give each issuer a file of its own")
    return tuple(found)


def _revocation_store(
    document: Mapping[str, Any], folder: FilePath, faults: SettingsErrors
) -> FilePath | None:
    table = document.get("revocations", {})
    store = read_rows(table, REVOCATION_SETTINGS, ("revocations",), faults)["store"]
    return None if store is None or store is MALFORMED else folder / store

"""Read the tables `[gate]` of a policy file into `GateSettings`; report all faults together, with line and fix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from seawall.gate.errors import GateInvalid
from seawall.gate.path_rule import PathRule
from seawall.gate.path_rules import fold_path
from seawall.gate.request_path import is_plain_path
from seawall.gate.settings import GateSettings, StepUpSettings
from seawall_base.settings_reader import MALFORMED, SettingsErrors, tables_of
from seawall_base.settings_table import is_malformed, read_values
from seawall_base.toml_lines import Path as Place

ELSEWHERE: Final = frozenset({"path", "transmitter"})
"""Arrays of tables below `[gate]` that are read separately."""

FIX: Final = "see the settings in docs/reference/gate.md"
Values = dict[str, Any]


def load_settings(path: Path, table: object, lines: Mapping[Place, int]) -> GateSettings:
    """Return the settings in the table `gate` of the policy file `path`. Raises `GateInvalid` with every fault."""
    faults = SettingsErrors(str(path), lines, GateInvalid, FIX)
    settings = read_gate(table, path.parent, faults)
    faults.refuse()
    return settings


def read_gate(
    table: object, folder: Path, faults: SettingsErrors, issuers: frozenset[str] | None = None
) -> GateSettings:
    """Return the valid settings, and defaults for invalid ones; add faults to `faults`.

    `issuers` are the names that paths may use, None if they are unknown.
    """
    values = read_values(GateSettings, table, ("gate",), faults, folder, ELSEWHERE)
    tables = table if isinstance(table, Mapping) else {}
    _check_origins(values, faults)
    if isinstance(risk := tables.get("risk"), dict) and "incidents" not in risk:
        faults.add(
            ("gate", "risk"),
            "[gate.risk] does nothing without incidents, the file to read",
            'set incidents = "incidents.jsonl"',
        )
    _check_step_up(values, faults)
    sound = {name: value for name, value in values.items() if value is not MALFORMED}
    return GateSettings(**sound, paths=tuple(_paths(tables, folder, faults, issuers)))


def _check_origins(values: Values, faults: SettingsErrors) -> None:
    origins = values["origins"]
    for number, origin in enumerate(() if origins is MALFORMED else origins):
        if not re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+", origin):
            fault = (f"{origin!r} is none (`https://app.example`)", "write scheme and host alone")
        elif re.fullmatch(r"https://.*:443|http://.*:80", origin):
            fault = (f"write {origin!r} without the port, as browsers do", "leave the port out")
        else:
            continue
        faults.add(("gate", "origins", number), *fault)
    proxies = values["trusted_proxies"]
    if proxies is not MALFORMED and not proxies:
        faults.add(("gate", "trusted_proxies"), "nobody could ask", "name the proxies, or leave it out")


def _check_step_up(values: Values, faults: SettingsErrors) -> None:
    if values["step_up"] is MALFORMED or values["origins"] is MALFORMED:
        return
    fault = _fault_of_step_up(values["step_up"], values["origins"])
    if fault:
        faults.add(("gate", "step_up"), fault, FIX)


def _fault_of_step_up(step_up: StepUpSettings, origins: tuple[str, ...]) -> str:
    if not step_up.enabled:
        return ""
    if not origins:
        return "step_up needs the applications' origins: set origins in [gate]"
    domain = step_up.relying_party
    hosts = [re.sub(r":[0-9]+$", "", origin.partition("://")[2]) for origin in origins]
    if not domain or any(host != domain and not host.endswith(f".{domain}") for host in hosts):
        return "relying_party must be the host of every origin, or a domain above it"
    if any(
        not origin.startswith("https://") and host != "localhost"
        for origin, host in zip(origins, hosts, strict=True)
    ):
        return "passkeys work on https origins only (and on localhost)"
    return ""


def _paths(
    tables: Mapping[str, Any], folder: Path, faults: SettingsErrors, issuers: frozenset[str] | None
) -> Iterator[PathRule]:
    """Yield the valid rules in the order of the file."""
    seen: set[tuple[bool, str, tuple[str, ...]]] = set()
    for at, table in tables_of(tables, "path", faults, ("gate",)):
        values = read_values(PathRule, table, at, faults, folder)
        if is_malformed(values):
            continue
        rule = PathRule(**values)
        # a path that accepts only unknown issuers would refuse everybody
        for number, name in enumerate(rule.issuers):
            if issuers is not None and name not in issuers:
                fix = f"the names are: {', '.join(sorted(issuers))}"
                faults.add((*at, "issuers", number), f"{name!r} is no issuer's name", fix)
        fault = _fault_of_path(rule)
        place = (bool(rule.exact), fold_path(rule.prefix or rule.exact), tuple(sorted(rule.methods)))
        if not fault and place in seen:
            fault = (
                "a second rule for the same path and methods (many applications do not tell `/Admin/` from `/admin`)",
                "keep one of them",
            )
        seen.add(place)
        if fault:
            faults.add(at, *fault)
        else:
            yield rule


def _fault_of_path(rule: PathRule) -> tuple[str, str] | None:
    """Return the fault of a rule and its fix, None if the rule is valid."""
    if bool(rule.prefix) == bool(rule.exact):
        return "a path needs prefix or exact, and not both", 'write prefix = "/…" or exact = "/…"'
    if not is_plain_path(rule.prefix or rule.exact):
        return (
            "a path begins with / and is written plainly: no escapes, no `..`, no `//`, no query",
            "write it as the application reads it",
        )
    if any(not re.fullmatch(r"[A-Z]{1,20}", method) for method in rule.methods):
        return "methods are written in capital letters", 'write methods = ["GET"]'
    demands = (
        rule.issuers,
        rule.audiences,
        rule.scopes,
        rule.roles,
        rule.claims,
        rule.acr_values,
        rule.max_authentication_age,
    )
    if rule.public and any(demands):
        return "a public path cannot ask for anything of a token", "leave public out, or what is asked"
    return None

"""The tables `[gate]` of the policy file. Every setting is checked when the gate starts, by name and line.

The dataclasses below are the specification: field, type, default and words make the tables of docs/how-to/gate.md.
"""

# ruff: noqa: RUF009 - `gate_setting` makes a field with its words
from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from seawall.gate.errors import GateInvalid
from seawall.gate.path_rule import PathRule, gate_setting
from seawall.gate.path_rules import fold_path
from seawall.gate.paths import is_plain
from seawall.web.peers import LOOPBACK, Peers
from seawall_base.settings_values import InvalidValue
from seawall_tokens.policy.values import conditions
from seawall_tokens.verify.claim_conditions import Conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    """`[gate.admin]`: revoking over HTTP."""

    enabled: bool = gate_setting(False, "whether `/admin/…` exists")
    listen: str = gate_setting(
        "", "an address of its own for `/admin/…`: `127.0.0.1:8088` or `unix:/run/seawall/admin.sock`"
    )
    allow: Peers = gate_setting(LOOPBACK, "who may call it; nobody else gets further than 404")
    token_file: Path | None = gate_setting(
        None,
        "file that holds the administrator's token, or `sha256:` and the hex digest of it; closed to others",
    )
    token_sha256: str = gate_setting("", "or the hex digest itself", pattern=r"|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """`[gate.metrics]`: `/metrics` and the reasons in `/healthz`."""

    enabled: bool = gate_setting(True, "whether `/metrics` exists")
    allow: Peers = gate_setting(LOOPBACK, "who may read `/metrics` and the reasons in `/healthz`")


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSettings:
    """`[gate.risk]`: accounts with raised incidents must prove themselves anew, or stay outside."""

    incidents: Path | None = gate_setting(None, "`incidents.jsonl` of a scan; read again when it changes")
    severity: Literal["low", "medium", "high", "critical"] = gate_setting(
        "high", "the least severity that counts"
    )
    then: Literal["step-up", "refuse"] = gate_setting(
        "step-up", "what an account with such an incident meets"
    )
    acr_values: tuple[str, ...] = gate_setting((), "what the challenge to step up asks for")
    claims: tuple[str, ...] = gate_setting(
        ("upn", "preferred_username", "unique_name", "email", "sub", "appid", "azp", "client_id"),
        "claims that may name the account",
    )
    broken: Literal["refuse", "ignore"] = gate_setting(
        "refuse", "what happens while the file is missing or broken: `refuse` everything, or go on without it"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpSettings:
    """`[gate.step_up]`: proving anew who one is, on the gate itself."""

    enabled: bool = gate_setting(False, "whether `/step-up` exists")
    relying_party: str = gate_setting(
        "", "the domain that passkeys are made for: `app.example`, the host of every origin or a domain above it",
        pattern=r"|[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?",
    )  # fmt: skip
    name: str = gate_setting(
        "Seawall", "what people read when they are asked for a passkey", pattern=r"[^\0]{1,64}"
    )
    store: Path | None = gate_setting(
        None, "where passkeys and elevations are kept; `step-up.db` beside the policy unless given"
    )
    seconds: int = gate_setting(300, "how long an elevation holds", minimum=30, maximum=28800)
    passkey_acr: str = gate_setting("phr", "the `acr` that a passkey is worth", pattern=r"[!-~]{1,128}")
    codes: bool = gate_setting(
        True, "whether one-time codes are taken from those who have no passkey at hand"
    )
    code_acr: str = gate_setting("mfa", "the `acr` that a one-time code is worth", pattern=r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """`[gate]`."""

    trusted_proxies: Peers = gate_setting(
        LOOPBACK,
        "who may ask: networks, and `unix` for the socket. Nobody else is answered, nor are his headers read",
    )
    origins: tuple[str, ...] = gate_setting(
        (),
        "the applications' own origins (`https://app.example`); a request for another is refused. Any unless given",
    )
    certificate_header: str = gate_setting(
        "", "header in which the proxy hands on the client's certificate (RFC 9440, escaped PEM or base64); off unless given",
        pattern=r"|[A-Za-z][A-Za-z0-9-]{2,63}",
    )  # fmt: skip
    log: str = gate_setting(
        "stderr", "where decisions are logged: `stderr`, or a file (relative to the policy file)"
    )
    header_bytes: int = gate_setting(32768, "the longest head of a request", minimum=8192, maximum=1048576)
    header_seconds: float = gate_setting(
        5.0, "how long a client may take to send it", minimum=0.1, maximum=60
    )
    body_bytes: int = gate_setting(65536, "the longest body (events, admin)", minimum=1024, maximum=1048576)
    dpop_nonces: bool = gate_setting(
        False, "whether a DPoP proof must hold a nonce of this gate (RFC 9449 section 8)"
    )
    patience: float = gate_setting(
        5.0, "seconds that one decision may take, fetching keys included", minimum=0.1, maximum=60
    )
    openapi: bool = gate_setting(False, "whether `/openapi.json` is served")
    admin: AdminSettings = AdminSettings()
    metrics: MetricsSettings = MetricsSettings()
    risk: RiskSettings = RiskSettings()
    step_up: StepUpSettings = StepUpSettings()
    paths: tuple[PathRule, ...] = ()


NESTED: dict[str, type] = {
    "admin": AdminSettings,
    "metrics": MetricsSettings,
    "risk": RiskSettings,
    "step_up": StepUpSettings,
}
"""Tables below `[gate]`, by key."""

ELSEWHERE = frozenset({"transmitter"})
"""Tables below `[gate]` that another module reads."""


Lines = Mapping[tuple[str | int, ...], int]
"""On which line of the file each thing stands, by its keys and indices from the top."""


class _Reader:
    """Turns one file's tables into settings, and knows where in the file each stands."""

    def __init__(self, path: Path, lines: Lines) -> None:
        self.path = path
        self.lines = lines

    def refuse(self, message: str, *at: str | int, fix: str = "") -> GateInvalid:
        """The refusal for a place; an unknown place counts for the nearest one around it."""
        while at and at not in self.lines:
            at = at[:-1]
        line = self.lines.get(at, 1)
        return GateInvalid(
            f"{self.path}:{line}: {message}", fix=fix or "see the settings in docs/how-to/gate.md"
        )

    def read(
        self, kind: type, table: object, *at: str | int, skip: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """The values of one table; unknown keys, wrong types and impossible values are refused."""
        name = ".".join(part for part in at if isinstance(part, str))
        if not isinstance(table, Mapping):
            raise self.refuse(f"[{name}] must be a table", *at)
        fields = {entry.name: entry for entry in dataclasses.fields(kind) if entry.metadata}
        hints = get_type_hints(kind)
        found: dict[str, Any] = {}
        for key, value in table.items():
            if key in skip:
                continue
            if key not in fields:
                raise self.refuse(f"[{name}] has no setting {key!r}", *at, key)
            try:
                found[key] = self._value(hints[key], value, fields[key].metadata)
            except (TypeError, ValueError) as error:
                raise self.refuse(f"{key}: {error}", *at, key) from None
        return found

    def _value(self, hint: Any, value: object, limits: Mapping[str, Any]) -> Any:
        if get_origin(hint) in {types.UnionType, typing.Union}:
            hint = next(part for part in get_args(hint) if part is not type(None))
        if hint is Peers:
            return Peers(_texts(value))
        if hint is Conditions:
            return _conditions(value)
        if hint is Path:
            return self.path.parent / _text(value)
        if get_origin(hint) is tuple:
            return _texts(value)
        if get_origin(hint) is Literal:
            choices = get_args(hint)
            if value not in choices:
                raise ValueError(f"must be one of {', '.join(choices)}")
            return value
        if hint is bool:
            if not isinstance(value, bool):
                raise ValueError("must be true or false")
            return value
        if hint in {int, float}:
            return _number(value, hint, limits)
        return _text(value, limits.get("pattern"))


def _conditions(value: object) -> Conditions:
    try:
        return conditions(value)
    except InvalidValue as wrong:
        named = ".".join(str(part) for part in wrong.at if isinstance(part, str))
        raise ValueError(
            f"{named}: {wrong.what}; {wrong.fix}" if named else f"{wrong.what}; {wrong.fix}"
        ) from None


def _text(value: object, pattern: str | None = None) -> str:
    if not isinstance(value, str) or "\0" in value or len(value) > 4096:
        raise ValueError("must be text")
    if pattern is not None and not re.fullmatch(pattern, value):
        raise ValueError("has the wrong form")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("must be a list of texts")
    texts = tuple(_text(entry) for entry in value)
    if not all(texts):
        raise ValueError("must not hold an empty text")
    return texts


def _number(value: object, hint: type, limits: Mapping[str, Any]) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float) if hint is float else int):
        raise TypeError("must be a number" if hint is float else "must be a whole number")
    least, most = limits.get("minimum", 0), limits.get("maximum", 10**9)
    if not least <= value <= most:
        raise ValueError(f"must lie between {least} and {most}")
    return value


def read_settings(path: Path, table: object, lines: Lines) -> GateSettings:
    """The settings in the table `gate` of the policy file `path`. Raises `GateInvalid` with file and line."""
    reader = _Reader(path, lines)
    if not isinstance(table, Mapping):
        raise reader.refuse("[gate] must be a table", "gate")
    found = reader.read(GateSettings, table, "gate", skip=frozenset({*NESTED, *ELSEWHERE, "path"}))
    for key, kind in NESTED.items():
        if key in table:
            found[key] = kind(**reader.read(kind, table[key], "gate", key))
    if "risk" in table and found["risk"].incidents is None:
        raise reader.refuse("[gate.risk] does nothing without incidents, the file to read", "gate", "risk")
    found["paths"] = _paths(reader, table.get("path", []))
    settings = GateSettings(**found)
    _check(reader, settings)
    return settings


def _paths(reader: _Reader, tables: object) -> tuple[PathRule, ...]:
    if not isinstance(tables, list):
        raise reader.refuse("write [[gate.path]] with two brackets", "gate", "path")
    rules: list[PathRule] = []
    seen: set[tuple[bool, str, tuple[str, ...]]] = set()
    for nth, table in enumerate(tables):
        rule = PathRule(**reader.read(PathRule, table, "gate", "path", nth))
        fault = _fault_of_path(rule)
        place = (bool(rule.exact), fold_path(rule.prefix or rule.exact), tuple(sorted(rule.methods)))
        if not fault and place in seen:
            fault = "a second rule for the same path and methods (many applications do not tell `/Admin/` from `/admin`)"
        if fault:
            raise reader.refuse(fault, "gate", "path", nth)
        seen.add(place)
        rules.append(rule)
    return tuple(rules)


def _fault_of_path(rule: PathRule) -> str:
    if bool(rule.prefix) == bool(rule.exact):
        return "a path needs prefix or exact, and not both"
    if not is_plain(rule.prefix or rule.exact):
        return "a path begins with / and is written plainly: no escapes, no `..`, no `//`, no query"
    if any(not re.fullmatch(r"[A-Z]{1,20}", method) for method in rule.methods):
        return "methods are written in capital letters"
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
        return "a public path cannot ask for anything of a token"
    return ""


def _check(reader: _Reader, settings: GateSettings) -> None:
    """What single values cannot show."""
    admin = settings.admin
    if admin.token_file is not None and admin.token_sha256:
        raise reader.refuse(
            "token_file and token_sha256 are two answers to one question", "gate", "admin", "token_file"
        )
    for origin in settings.origins:
        if not re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+", origin):
            raise reader.refuse(f"origins: {origin!r} is none (`https://app.example`)", "gate", "origins")
        if re.fullmatch(r"https://.*:443|http://.*:80", origin):
            raise reader.refuse(
                f"origins: write {origin!r} without the port, as browsers do", "gate", "origins"
            )
    if not settings.trusted_proxies:
        raise reader.refuse("trusted_proxies: nobody could ask", "gate", "trusted_proxies")
    fault = _fault_of_step_up(settings.step_up, settings.origins)
    if fault:
        raise reader.refuse(fault, "gate", "step_up")


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

"""The tables `[gate]` of the policy file. Every setting is checked when the gate starts, by name and line.

The dataclasses below are the specification: field, type, default and words make the tables of docs/reference/gate.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seawall.gate.path_rule import PathRule, gate_setting
from seawall.web.peers import LOOPBACK, Peers


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

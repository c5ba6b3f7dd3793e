"""The tables `[gate]` of the policy file. Every setting is checked when the gate starts; faults name setting and line.

The dataclasses are the specification: field, type, default and meaning generate the tables of docs/reference/gate.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from seawall.gate.path_rule import PathRule
from seawall.gate.setting_values import peers
from seawall.web.peers import LOOPBACK, Peers
from seawall_base.settings_table import Meaning
from seawall_base.settings_values import any_text, form, number


def check_admin_token(admin: Any) -> Iterator[tuple[str, str, str]]:
    """Yield a fault if two tokens are configured."""
    if admin.token_file is not None and admin.token_sha256:
        yield (
            "token_file",
            "token_file and token_sha256 are two answers to one question",
            "keep one of them",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    """`[gate.admin]`: revocation over HTTP."""

    CHECKS: ClassVar = (check_admin_token,)
    enabled: Annotated[bool, Meaning("whether `/admin/…` exists")] = False
    listen: Annotated[
        str,
        Meaning("an address of its own for `/admin/…`: `127.0.0.1:8088` or `unix:/run/seawall/admin.sock`"),
    ] = ""
    allow: Annotated[
        Peers, Meaning("who may call it; nobody else gets further than 404", peers, "networks")
    ] = LOOPBACK
    token_file: Annotated[
        Path | None,
        Meaning(
            "file that holds the administrator's token, or `sha256:` and the hex digest of it; closed to others"
        ),
    ] = None
    token_sha256: Annotated[
        str, Meaning("or the hex digest itself", form(r"|[0-9a-f]{64}", "64 hexadecimal digits"))
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """`[gate.metrics]`: `/metrics` and the reasons in `/healthz`."""

    enabled: Annotated[bool, Meaning("whether `/metrics` exists")] = True
    allow: Annotated[
        Peers, Meaning("who may read `/metrics` and the reasons in `/healthz`", peers, "networks")
    ] = LOOPBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSettings:
    """`[gate.risk]`: accounts with raised incidents must authenticate again, or are refused."""

    incidents: Annotated[Path | None, Meaning("`incidents.jsonl` of a scan; read again when it changes")] = (
        None
    )
    severity: Annotated[
        Literal["low", "medium", "high", "critical"], Meaning("the least severity that counts")
    ] = "high"
    then: Annotated[Literal["step-up", "refuse"], Meaning("what an account with such an incident meets")] = (
        "step-up"
    )
    acr_values: Annotated[tuple[str, ...], Meaning("what the challenge to step up asks for")] = ()
    claims: Annotated[tuple[str, ...], Meaning("claims that may name the account")] = (
        "upn",
        "preferred_username",
        "unique_name",
        "email",
        "sub",
        "appid",
        "azp",
        "client_id",
    )
    broken: Annotated[
        Literal["refuse", "ignore"],
        Meaning("what happens while the file is missing or broken: `refuse` everything, or go on without it"),
    ] = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpSettings:
    """`[gate.step_up]`: step-up authentication on the gate itself."""

    enabled: Annotated[bool, Meaning("whether `/step-up` exists")] = False
    relying_party: Annotated[
        str,
        Meaning(
            "the domain that passkeys are made for: `app.example`, the host of every origin or a domain above it",
            form(r"|[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?", '"app.example"'),
        ),
    ] = ""
    name: Annotated[
        str, Meaning("what people read when they are asked for a passkey", any_text(64, least=1))
    ] = "Seawall"
    store: Annotated[
        Path | None,
        Meaning("where passkeys and elevations are kept; `step-up.db` beside the policy unless given"),
    ] = None
    seconds: Annotated[int, Meaning("how long an elevation holds", number(int, 30, 28800))] = 300
    passkey_acr: Annotated[
        str, Meaning("the `acr` that a passkey is worth", form(r"[!-~]{1,128}", '"phr"'))
    ] = "phr"
    codes: Annotated[
        bool, Meaning("whether one-time codes are taken from those who have no passkey at hand")
    ] = True
    code_acr: Annotated[
        str, Meaning("the `acr` that a one-time code is worth", form(r"[!-~]{1,128}", '"mfa"'))
    ] = "mfa"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """`[gate]`: proxies, origins, limits and the tables below."""

    trusted_proxies: Annotated[
        Peers,
        Meaning(
            "who may ask: networks, and `unix` for the socket. Nobody else is answered, nor are his headers read",
            peers,
            "networks",
        ),
    ] = LOOPBACK
    origins: Annotated[
        tuple[str, ...],
        Meaning(
            "the applications' own origins (`https://app.example`); a request for another is refused. Any unless given"
        ),
    ] = ()
    certificate_header: Annotated[
        str,
        Meaning(
            "header in which the proxy hands on the client's certificate (RFC 9440, escaped PEM or base64); off unless given",
            form(r"|[A-Za-z][A-Za-z0-9-]{2,63}", '"Client-Cert"'),
        ),
    ] = ""
    log: Annotated[
        str, Meaning("where decisions are logged: `stderr`, or a file (relative to the policy file)")
    ] = "stderr"
    header_bytes: Annotated[int, Meaning("the longest head of a request", number(int, 8192, 1048576))] = 32768
    header_seconds: Annotated[
        float, Meaning("how long a client may take to send it", number(float, 0.1, 60))
    ] = 5.0
    body_bytes: Annotated[int, Meaning("the longest body (events, admin)", number(int, 1024, 1048576))] = (
        65536
    )
    dpop_nonces: Annotated[
        bool, Meaning("whether a DPoP proof must hold a nonce of this gate (RFC 9449 section 8)")
    ] = False
    patience: Annotated[
        float, Meaning("seconds that one decision may take, fetching keys included", number(float, 0.1, 60))
    ] = 5.0
    openapi: Annotated[bool, Meaning("whether `/openapi.json` is served")] = False
    admin: Annotated[AdminSettings, Meaning("revoking over HTTP")] = AdminSettings()
    metrics: Annotated[MetricsSettings, Meaning("`/metrics` and the reasons in `/healthz`")] = (
        MetricsSettings()
    )
    risk: Annotated[RiskSettings, Meaning("accounts with raised incidents")] = RiskSettings()
    step_up: Annotated[StepUpSettings, Meaning("proving anew who one is")] = StepUpSettings()
    paths: tuple[PathRule, ...] = ()

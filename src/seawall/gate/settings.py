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
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import any_text, form, number


def check_admin_token(admin: Any) -> Iterator[tuple[str, str, str]]:
    """Yield a fault if two tokens are configured."""
    if admin.token_file is not None and admin.token_sha256:
        yield (
            "token_file",
            "the table has both token_file and token_sha256, and needs one",
            "remove one of the two",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    """`[gate.admin]`: revocation over HTTP."""

    CHECKS: ClassVar = (check_admin_token,)
    enabled: Annotated[bool, SettingDescription("whether `/admin/…` exists")] = False
    listen: Annotated[
        str,
        SettingDescription(
            "a separate listen address for `/admin/…`: `127.0.0.1:8088` or `unix:/run/seawall/admin.sock`"
        ),
    ] = ""
    allow: Annotated[
        Peers, SettingDescription("client addresses that may call it; all others get 404", peers, "networks")
    ] = LOOPBACK
    token_file: Annotated[
        Path | None,
        SettingDescription(
            "file with the administrator's token, or with `sha256:` and its hex digest; only the gate's user may read it"
        ),
    ] = None
    token_sha256: Annotated[
        str,
        SettingDescription(
            "SHA-256 of the token, in hex; instead of `token_file`",
            form(r"|[0-9a-f]{64}", "64 hexadecimal digits"),
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """`[gate.metrics]`: `/metrics` and the reasons in `/healthz`."""

    enabled: Annotated[bool, SettingDescription("whether `/metrics` exists")] = True
    allow: Annotated[
        Peers,
        SettingDescription(
            "client addresses that may read `/metrics` and the reasons in `/healthz`", peers, "networks"
        ),
    ] = LOOPBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSettings:
    """`[gate.risk]`: accounts with raised incidents must authenticate again, or are refused."""

    incidents: Annotated[
        Path | None, SettingDescription("`incidents.jsonl` of a scan; read again when it changes")
    ] = None
    severity: Annotated[
        Literal["low", "medium", "high", "critical"], SettingDescription("the lowest severity that counts")
    ] = "high"
    then: Annotated[
        Literal["step-up", "refuse"],
        SettingDescription("whether such an account must sign in again, or is denied"),
    ] = "step-up"
    acr_values: Annotated[tuple[str, ...], SettingDescription("`acr` values of the step-up challenge")] = ()
    claims: Annotated[tuple[str, ...], SettingDescription("claims that may name the account")] = (
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
        SettingDescription(
            "while the file is missing or damaged: `refuse` every request, or `ignore` the risk"
        ),
    ] = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpSettings:
    """`[gate.step_up]`: step-up authentication on the gate itself."""

    enabled: Annotated[bool, SettingDescription("whether `/step-up` exists")] = False
    relying_party: Annotated[
        str,
        SettingDescription(
            "domain of the passkeys: `app.example`, the host of every origin or a parent domain",
            form(r"|[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?", '"app.example"'),
        ),
    ] = ""
    name: Annotated[
        str,
        SettingDescription("name that the browser shows when it requests a passkey", any_text(64, least=1)),
    ] = "Seawall"
    store: Annotated[
        Path | None,
        SettingDescription("store of passkeys and elevations; default `step-up.db` beside the policy"),
    ] = None
    seconds: Annotated[
        int, SettingDescription("seconds that an elevation is valid", number(int, 30, 28800))
    ] = 300
    passkey_acr: Annotated[
        str, SettingDescription("the `acr` that a passkey satisfies", form(r"[!-~]{1,128}", '"phr"'))
    ] = "phr"
    codes: Annotated[bool, SettingDescription("whether the gate accepts one-time codes beside passkeys")] = (
        True
    )
    code_acr: Annotated[
        str, SettingDescription("the `acr` that a one-time code satisfies", form(r"[!-~]{1,128}", '"mfa"'))
    ] = "mfa"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """`[gate]`: proxies, origins, limits and the tables below."""

    trusted_proxies: Annotated[
        Peers,
        SettingDescription(
            "addresses of the proxies: networks, and `unix` for the socket. Any other sender gets 403",
            peers,
            "networks",
        ),
    ] = LOOPBACK
    origins: Annotated[
        tuple[str, ...],
        SettingDescription(
            "origins of the applications (`https://app.example`); the gate denies requests for others. Default: any"
        ),
    ] = ()
    certificate_header: Annotated[
        str,
        SettingDescription(
            "header in which the proxy passes the client's certificate on (RFC 9440, escaped PEM or base64). Default: none",
            form(r"|[A-Za-z][A-Za-z0-9-]{2,63}", '"Client-Cert"'),
        ),
    ] = ""
    log: Annotated[
        str, SettingDescription("decision log: `stderr`, or a file (relative to the policy file)")
    ] = "stderr"
    header_bytes: Annotated[
        int, SettingDescription("largest size of a request's headers, in bytes", number(int, 8192, 1048576))
    ] = 32768
    header_seconds: Annotated[
        float,
        SettingDescription("seconds that a client may take to send the headers", number(float, 0.1, 60)),
    ] = 5.0
    body_bytes: Annotated[
        int,
        SettingDescription("largest size of a body (events, admin), in bytes", number(int, 1024, 1048576)),
    ] = 65536
    dpop_nonces: Annotated[
        bool, SettingDescription("whether a DPoP proof must hold a nonce of this gate (RFC 9449 section 8)")
    ] = False
    patience: Annotated[
        float,
        SettingDescription(
            "seconds that one decision may take, including the time to fetch keys", number(float, 0.1, 60)
        ),
    ] = 5.0
    openapi: Annotated[bool, SettingDescription("whether `/openapi.json` is served")] = False
    admin: Annotated[AdminSettings, SettingDescription("revocation over HTTP")] = AdminSettings()
    metrics: Annotated[MetricsSettings, SettingDescription("`/metrics` and the reasons in `/healthz`")] = (
        MetricsSettings()
    )
    risk: Annotated[RiskSettings, SettingDescription("accounts with raised incidents")] = RiskSettings()
    step_up: Annotated[StepUpSettings, SettingDescription("step-up authentication at the gate")] = (
        StepUpSettings()
    )
    paths: tuple[PathRule, ...] = ()

"""Read the TOML settings of containment: where calls go, and which files hold the credentials.

The file never contains a secret. These credentials may change accounts, so they differ from a collector's, which may
only read logs.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from seawall.response.automatic.settings import AutomaticSettings
from seawall.response.errors import RespondInvalid
from seawall.vendor_api.clouds import GRAPH
from seawall_base.settings_table import SettingDescription, load_table
from seawall_base.settings_values import any_text, choice, or_empty, unquoted_url

_FIX: Final = "every setting is described in docs/reference/settings.md"
_HOST: Final = re.compile(
    r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
)
_needed: Final = any_text(least=1)
_base_url: Final = or_empty(unquoted_url)


@dataclass(frozen=True, slots=True)
class MicrosoftSettings:
    """`[microsoft]`: an Entra application with a client secret or a certificate."""

    tenant: Annotated[str, SettingDescription("the directory (tenant) id", _needed)]
    client_id: Annotated[str, SettingDescription("the application (client) id", _needed)]
    secret_file: Annotated[str, SettingDescription("a file with the client secret", is_file=True)] = ""
    certificate: Annotated[
        str,
        SettingDescription(
            "a PEM file with a private key and its certificate; it is used instead of a secret", is_file=True
        ),
    ] = ""
    cloud: Annotated[str, SettingDescription("the national cloud", choice(*GRAPH), kind="word")] = "world"
    base_url: Annotated[
        str, SettingDescription("a URL to use instead of Microsoft's hosts", _base_url, kind="URL")
    ] = ""


@dataclass(frozen=True, slots=True)
class GoogleSettings:
    """`[google]`: a service account with domain-wide delegation."""

    administrator: Annotated[
        str,
        SettingDescription(
            "the administrator on whose behalf the service account calls the Directory API", _needed
        ),
    ]
    key_file: Annotated[str, SettingDescription("the service account's JSON key", is_file=True)] = ""
    base_url: Annotated[
        str, SettingDescription("a URL to use instead of Google's hosts", _base_url, kind="URL")
    ] = ""


def check_domain(okta: Any) -> Iterator[tuple[str, str, str]]:
    """Yield a fault if the domain is not an Okta host."""
    if not okta.base_url and not _HOST.fullmatch(okta.domain):
        yield "domain", "is no domain name", 'write domain = "acme.okta.com"'


@dataclass(frozen=True, slots=True)
class OktaSettings:
    """`[okta]`: an organisation, and either a service application's key or an API token."""

    CHECKS: ClassVar = (check_domain,)

    domain: Annotated[
        str, SettingDescription("the organisation's domain, `acme.okta.com`; needed without `base_url`")
    ] = ""
    client_id: Annotated[
        str, SettingDescription("the service application's client id; without it, the API token is used")
    ] = ""
    key_file: Annotated[
        str, SettingDescription("the application's private key, PEM or JWK", is_file=True)
    ] = ""
    key_id: Annotated[str, SettingDescription("the key's id (`kid`) at Okta")] = ""
    dpop: Annotated[
        bool, SettingDescription("whether the application requires proof of possession (DPoP)")
    ] = True
    token_file: Annotated[
        str, SettingDescription("a file with an API token, used instead of an application", is_file=True)
    ] = ""
    base_url: Annotated[
        str, SettingDescription("a URL to use instead of `https://` and the domain", _base_url, kind="URL")
    ] = ""


@dataclass(frozen=True, slots=True)
class GateAccessSettings:
    """`[gate]`: a running Seawall gate."""

    url: Annotated[
        str,
        SettingDescription(
            "the gate's URL: `https://gate.example`, or `http://127.0.0.1:PORT`", unquoted_url, "URL"
        ),
    ]
    token_file: Annotated[str, SettingDescription("a file with the administrator's token", is_file=True)] = ""


@dataclass(frozen=True, slots=True)
class ContainmentSettings:
    """All vendor tables. A vendor without a table is never called."""

    microsoft: Annotated[MicrosoftSettings | None, SettingDescription("credentials at Microsoft")] = None
    google: Annotated[GoogleSettings | None, SettingDescription("credentials at Google")] = None
    okta: Annotated[OktaSettings | None, SettingDescription("credentials at Okta")] = None
    gate: Annotated[GateAccessSettings | None, SettingDescription("credentials at a gate")] = None
    automatic: Annotated[
        AutomaticSettings | None, SettingDescription("what may be contained without a person")
    ] = None


def read_settings(file: Path) -> ContainmentSettings:
    """Read the settings; paths in the file are relative to it. Raises RespondInvalid with every fault."""
    if not file.exists():
        raise RespondInvalid(
            f"{file}: the settings file is missing: it names the credentials at the vendors",
            fix=f"`seawall respond begin {shlex.quote(str(file))}` writes one to fill in",
        )
    return load_table(ContainmentSettings, file, RespondInvalid, give="check --config", described=_FIX)

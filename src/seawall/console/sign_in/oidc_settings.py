"""How people sign in at an identity provider: the issuer of a policy file, and its table `[console]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from seawall.console.errors import ServeInvalid
from seawall.storage.database import Role
from seawall_base.http_connection import TrustStore, trust_store
from seawall_base.http_url import FetchError, parse_url
from seawall_base.secret_file import read_secret
from seawall_tokens.policy.file import PolicyDocument, load_document
from seawall_tokens.policy.issuer_policy import IssuerPolicy, Policy
from seawall_tokens.revocation.follower import RevocationFollower

TABLE: Final = "console"
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class ConsoleTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[console]` of the policy file, as it is written.

    `issuer` is the name of an `[[issuer]]` of the file; it may be left out where there is one. `client_secret_file` is
    left out by public clients. `discovery` is where the provider describes itself, unless that is below its issuer.
    `roles` says which values of the claim `role_claim` give which role; whoever has none of them is refused.
    """

    client_id: _Name
    roles: dict[Role, list[_Name]]
    issuer: _Name | None = None
    client_secret_file: _Name | None = None
    discovery: _Name | None = None
    authorization_endpoint: _Name | None = None
    token_endpoint: _Name | None = None
    scopes: list[_Name] = msgspec.field(default_factory=lambda: ["openid", "profile", "email"])
    name_claim: _Name = "preferred_username"
    role_claim: _Name = "roles"
    prompt: _Name | None = None
    trust_file: _Name | None = None
    allow_loopback_http: bool = False


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The identity provider, as signing in needs it. `secret` is empty for a public client."""

    table: ConsoleTable
    entry: IssuerPolicy
    policy: Policy
    secret: str = field(repr=False, default="")
    trust: TrustStore | None = field(repr=False, default=None)


def load_oidc(path: Path) -> OidcSettings:
    """Read a policy file with a table `[console]`. Raises `PolicyInvalid` and `ServeInvalid`."""
    document = load_document(path)
    raw = document.tables.get(TABLE)
    if raw is None:
        raise ServeInvalid(f"{path} has no table [console]", fix="docs/how-to/serve.md shows one")
    table = _table(path, raw)
    entry = _entry(path, document, table)
    revocations = None
    if document.revocation_store is not None:
        revocations = RevocationFollower(document.revocation_store).start()
    policy = Policy((entry,)) if revocations is None else Policy((entry,), revocations)
    return OidcSettings(table, entry, policy, _secret(path, table), _trust(path, table))


def _table(path: Path, raw: Mapping[str, Any]) -> ConsoleTable:
    try:
        table = msgspec.convert(raw, ConsoleTable)
    except msgspec.ValidationError as error:
        raise ServeInvalid(
            f"{path}: [console]: {error}", fix="docs/how-to/serve.md lists its settings"
        ) from None
    if not any(table.roles.values()):
        raise ServeInvalid(f"{path}: [console] gives nobody a role", fix='roles = { admin = ["…"] }')
    if "openid" not in table.scopes:
        raise ServeInvalid(f"{path}: [console]: scopes without openid give no identity", fix="add openid")
    for url in (table.discovery, table.authorization_endpoint, table.token_endpoint):
        if url is None:
            continue
        try:
            parse_url(url, allow_loopback_http=table.allow_loopback_http)
        except FetchError as error:
            raise ServeInvalid(f"{path}: [console]: {error}", fix="an https:// URL") from None
    return table


def _entry(path: Path, document: PolicyDocument, table: ConsoleTable) -> IssuerPolicy:
    named = [one for one in document.issuers if table.issuer is None or one.name == table.issuer]
    if len(named) != 1:
        raise ServeInvalid(
            f"{path}: [console] has to name one of the issuers", fix='issuer = "the name of an [[issuer]]"'
        )
    entry = named[0]
    if entry.audiences != {table.client_id}:
        raise ServeInvalid(
            f"{path}: the issuer {entry.name} takes other tokens than ID tokens for this client",
            fix=f"audiences = [{table.client_id!r}], and nothing else, in its table",
        )
    if entry.templated and (table.authorization_endpoint is None or table.token_endpoint is None):
        raise ServeInvalid(
            f"{path}: the issuer {entry.name} stands for several tenants",
            fix="give authorization_endpoint and token_endpoint in [console]",
        )
    return entry


def _secret(path: Path, table: ConsoleTable) -> str:
    if table.client_secret_file is None:
        return ""
    file = path.parent / table.client_secret_file
    return read_secret(file, ServeInvalid, fix="check client_secret_file", may_be_shared=True)


def _trust(path: Path, table: ConsoleTable) -> TrustStore | None:
    if table.trust_file is None:
        return None
    try:
        return trust_store(path.parent / table.trust_file)
    except FetchError as error:
        raise ServeInvalid(f"{path}: [console]: {error}", fix="check trust_file") from None

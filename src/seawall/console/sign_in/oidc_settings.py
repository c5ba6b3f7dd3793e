"""Read the settings of sign-in at an identity provider: the issuer of a policy file, and its table `[console]`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, get_args

from seawall.console.errors import ServeInvalid
from seawall.storage.database import Role
from seawall_base.http_connection import TrustStore, trust_store
from seawall_base.http_url import FetchError, parse_url
from seawall_base.secret_file import read_secret
from seawall_base.settings_reader import SettingsErrors
from seawall_base.settings_table import Check, SettingDescription, read_table
from seawall_base.settings_values import InvalidValue, any_text, any_texts, kind_of, quote_value
from seawall_tokens.policy.file import PolicyDocument, read_document
from seawall_tokens.policy.issuer_policy import IssuerPolicy, Policy
from seawall_tokens.revocation.follower import RevocationFollower

TABLE: Final = "console"
ALL_ORGANISATIONS: Final = "*"
ROLES: Final = get_args(Role)
_FIX: Final = "the settings of [console] are described in docs/reference/settings.md"
_name: Final = any_text(500, least=1)


def _roles(value: Any) -> dict[Role, list[str]]:
    """Parse the claim's values for each role."""
    fix = 'write roles = { admin = ["..."] }'
    if not isinstance(value, dict):
        raise InvalidValue(f"is {kind_of(value)} where a table is needed", fix)
    found: dict[Role, list[str]] = {}
    for name, values in value.items():
        if name not in ROLES:
            raise InvalidValue("is no role", f"the roles are: {', '.join(ROLES)}", at=(name,))
        try:
            found[name] = list(any_texts(_name)(values))
        except InvalidValue as wrong:
            raise InvalidValue(wrong.what, wrong.fix, at=(name, *wrong.at)) from None
    if not any(found.values()):
        raise InvalidValue("gives nobody a role", fix)
    return found


def _organisations(value: Any) -> dict[str, list[str]]:
    """Parse the organisations for each value of the claim."""
    if not isinstance(value, dict) or not value:
        raise InvalidValue(
            f"is {kind_of(value)} where a table is needed",
            'write organisations = { soc = ["*"], contoso = ["..."] }',
        )
    found: dict[str, list[str]] = {}
    for name, names in value.items():
        try:
            found[name] = list(any_texts(_name)(names))
        except InvalidValue as wrong:
            raise InvalidValue(wrong.what, wrong.fix, at=(name, *wrong.at)) from None
    return found


def check_scopes(console: Any) -> Iterator[tuple[str, str, str]]:
    """Yield a fault if the scopes would not identify the user."""
    if "openid" not in console.scopes:
        yield "scopes", "without openid give no identity", "add openid"


def check_url(name: str) -> Check:
    """Return a check that an address of the provider is a valid URL."""

    def check(console: Any) -> Iterator[tuple[str, str, str]]:
        url = getattr(console, name)
        if url is None:
            return
        try:
            parse_url(url, allow_loopback_http=console.allow_loopback_http)
        except FetchError as error:
            yield name, str(error), "write an https:// URL"

    return check


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleTable:
    """`[console]` of the policy file, as written."""

    CHECKS: ClassVar = (
        check_scopes,
        *(check_url(name) for name in ("discovery", "authorization_endpoint", "token_endpoint")),
    )

    client_id: Annotated[str, SettingDescription("client id of the console at the provider", _name)]
    roles: Annotated[
        dict[Role, list[str]],
        SettingDescription(
            "values of `role_claim` for each role (`viewer`, `analyst`, `admin`); the highest role counts, and a user "
            "without one is refused",
            _roles,
            kind="table of texts",
        ),
    ]
    issuer: Annotated[
        str | None,
        SettingDescription("`name` of the `[[issuer]]` table to use, if the file has several", _name),
    ] = None
    client_secret_file: Annotated[
        Path | None,
        SettingDescription("file with the client secret; leave it out for a public client", _name),
    ] = None
    discovery: Annotated[
        str | None,
        SettingDescription("URL of the discovery document, if it is not below the issuer", _name, "URL"),
    ] = None
    authorization_endpoint: Annotated[
        str | None,
        SettingDescription("URL for sign-in, instead of discovery; needs `token_endpoint`", _name, "URL"),
    ] = None
    token_endpoint: Annotated[
        str | None,
        SettingDescription(
            "URL for tokens, instead of discovery; needs `authorization_endpoint`", _name, "URL"
        ),
    ] = None
    scopes: Annotated[
        tuple[str, ...],
        SettingDescription("scopes that the console requests; `openid` must be among them", any_texts(_name)),
    ] = (
        "openid",
        "profile",
        "email",
    )
    name_claim: Annotated[
        str, SettingDescription("claim that becomes the user's name at the first sign-in", _name)
    ] = "preferred_username"
    role_claim: Annotated[str, SettingDescription("claim that holds roles or groups", _name)] = "roles"
    organisations: Annotated[
        dict[str, list[str]] | None,
        SettingDescription(
            "organisations that users with a value of `role_claim` are limited to, `*` for all of them; applied at each "
            "sign-in. With it, a viewer or analyst without one is refused; admins see all",
            _organisations,
            kind="table of texts",
        ),
    ] = None
    prompt: Annotated[
        str | None,
        SettingDescription(
            "value of `prompt` that the console sends to the provider, such as `login`", _name
        ),
    ] = None
    trust_file: Annotated[
        Path | None,
        SettingDescription("certificates (PEM) to trust for these URLs, instead of the system's", _name),
    ] = None
    allow_loopback_http: Annotated[
        bool, SettingDescription("whether plain http to this machine is allowed, for tests")
    ] = False


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The identity provider's settings. `secret` is empty for a public client."""

    table: ConsoleTable
    entry: IssuerPolicy
    policy: Policy
    secret: str = field(repr=False, default="")
    trust: TrustStore | None = field(repr=False, default=None)


def load_oidc(path: Path) -> OidcSettings:
    """Read a policy file with a table `[console]`.

    Raises `PolicyInvalid` if the policy has a fault, else `ServeInvalid`; either names every fault.
    """
    document, faults = read_document(path)
    policy_is_sound = not faults.found
    table, entry, secret, trust = _table(document, faults), None, "", None
    if table is not None:
        entry = _entry(document, table, faults) if policy_is_sound else None
        secret, trust = _secret(table, faults), _trust(table, faults)
    if not policy_is_sound:
        faults.refuse()
    faults.refuse(ServeInvalid, _FIX)
    if table is None or entry is None:
        raise ServeInvalid(f"{path}: [console] cannot be used", fix=_FIX)
    revocations = None
    if document.revocation_store is not None:
        revocations = RevocationFollower(document.revocation_store).start()
    policy = Policy((entry,)) if revocations is None else Policy((entry,), revocations)
    return OidcSettings(table, entry, policy, secret, trust)


def _table(document: PolicyDocument, faults: SettingsErrors) -> ConsoleTable | None:
    raw: Mapping[str, Any] | None = document.tables.get(TABLE)
    if raw is None:
        if (TABLE,) not in document.lines:
            faults.add((TABLE,), "is missing", "add [console], as docs/how-to/serve.md shows")
        return None
    return read_table(ConsoleTable, raw, (TABLE,), faults, document.path.parent)


def _entry(document: PolicyDocument, table: ConsoleTable, faults: SettingsErrors) -> IssuerPolicy | None:
    """Return the issuer that signs users in."""
    named = [
        (number, one)
        for number, one in enumerate(document.issuers)
        if table.issuer is None or one.name == table.issuer
    ]
    if len(named) != 1:
        names = ", ".join(quote_value(one.name) for one in document.issuers)
        faults.add((TABLE, "issuer"), "has to name one of the issuers", f"set issuer to one of: {names}")
        return None
    number, entry = named[0]
    if entry.audiences != {table.client_id}:
        faults.add(
            ("issuer", number, "audiences"),
            f"the issuer {quote_value(entry.name)} takes other tokens than ID tokens for this client",
            f"write audiences = [{quote_value(table.client_id)}], and nothing else",
        )
    if entry.is_templated:
        for name in ("authorization_endpoint", "token_endpoint"):
            if getattr(table, name) is None:
                what = f"is missing: the issuer {quote_value(entry.name)} stands for several tenants"
                faults.add((TABLE, name), what, f"give {name} in [console]")
    return entry


def _secret(table: ConsoleTable, faults: SettingsErrors) -> str:
    if table.client_secret_file is None:
        return ""
    try:
        return read_secret(
            table.client_secret_file, ServeInvalid, fix="check client_secret_file", may_be_shared=True
        )
    except ServeInvalid as error:
        faults.add((TABLE, "client_secret_file"), error.message, error.fix)
        return ""


def _trust(table: ConsoleTable, faults: SettingsErrors) -> TrustStore | None:
    if table.trust_file is None:
        return None
    try:
        return trust_store(table.trust_file)
    except FetchError as error:
        faults.add((TABLE, "trust_file"), str(error), "name a PEM file with the authorities' certificates")
        return None

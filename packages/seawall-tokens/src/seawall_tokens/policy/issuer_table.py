"""Read one `[[issuer]]` table of a policy file, check it for contradictions, and build its `IssuerPolicy`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final

from seawall_base.http_connection import trust_store
from seawall_base.http_url import FetchError, parse_url
from seawall_base.settings_reader import MALFORMED, SettingsErrors, check_names, read_settings
from seawall_base.settings_values import quote_value
from seawall_base.toml_lines import Path
from seawall_tokens.keys.cache import CacheSettings, KeyCache
from seawall_tokens.keys.first_seen import FirstSeen, FirstSeenFileInvalid
from seawall_tokens.keys.origins import (
    Connection,
    Origin,
    OriginFailed,
    from_discovery,
    from_document,
    from_file,
    from_url,
)
from seawall_tokens.policy.issuer_policy import ANY_TENANT, CONSUMER_TENANT, TENANT_PLACEHOLDER, IssuerPolicy
from seawall_tokens.policy.profiles import DEFAULT, PROFILES, IssuerProfile
from seawall_tokens.policy.settings import ISSUER_SETTINGS
from seawall_tokens.policy.values import GUID
from seawall_tokens.verify.claim_conditions import NO_CONDITIONS

SOURCES: Final = ("jwks_uri", "discovery", "jwks_file", "jwks")


@dataclass(slots=True)
class IssuerEntry:
    """A table while it is checked. `values` are parsed settings including defaults; `own` are those in the file."""

    at: Path
    own: Mapping[str, Any]
    values: dict[str, Any]
    profile: IssuerProfile
    faults: SettingsErrors

    def sound(self, *names: str) -> bool:
        """Return whether all these settings could be read."""
        return all(self.values[name] is not MALFORMED for name in names)

    def say(self, setting: str, what: str, fix: str) -> None:
        """Report a fault on the line of the setting, or of the table if a default caused it."""
        self.faults.add((*self.at, setting), what, fix)


def read_issuer(
    table: Mapping[str, Any], at: Path, folder: FilePath, faults: SettingsErrors, clock: Callable[[], float]
) -> IssuerPolicy | None:
    """Build the policy of one table, None after faults. Paths are relative to `folder`."""
    before = len(faults.found)
    check_names(table, (setting.name for setting in ISSUER_SETTINGS), at, faults)
    named = table.get("profile", DEFAULT)
    profile = PROFILES.get(named, PROFILES[DEFAULT]) if isinstance(named, str) else PROFILES[DEFAULT]
    table = _with_profile_conditions(table, profile)
    values = read_settings(table, ISSUER_SETTINGS, _defaults(table, profile), at, faults)
    entry = IssuerEntry(at, table, values, profile, faults)
    for check in CHECKS:
        check(entry)
    memory = _memory(entry, folder)
    origin = _origin(entry, folder)
    if len(faults.found) == before and origin is None:
        entry.say(
            "jwks_uri",
            "is missing: nothing says where the keys come from",
            f"set one of: {', '.join(SOURCES)}",
        )
    if len(faults.found) > before or origin is None:
        return None
    return _policy(entry, origin, memory, clock)


def _defaults(table: Mapping[str, Any], profile: IssuerProfile) -> dict[str, Any]:
    """Return the profile's settings with placeholders filled.

    Its key source is left out if the table has one.
    """
    own_source = any(name in table for name in SOURCES)
    found = {name: value for name, value in profile.settings.items() if not (own_source and name in SOURCES)}
    tenants = table.get("tenants", found.get("tenants"))
    only = tenants[0] if isinstance(tenants, list) and len(tenants) == 1 else None
    tenant = only.lower() if isinstance(only, str) and GUID.fullmatch(only.lower()) else None
    if "max_lifetime" in table:  # A stated lifetime applies to tokens of applications too.
        found.pop("max_application_lifetime", None)
    issuer = table.get("issuer", found.get("issuer"))
    for name, value in list(found.items()):
        if not isinstance(value, str):
            continue
        if "{tenant}" in value:
            found[name] = MALFORMED if tenant is None else value.replace("{tenant}", tenant)
        elif "{issuer}" in value:
            found[name] = (
                None if not isinstance(issuer, str) else value.replace("{issuer}", issuer.rstrip("/"))
            )
        elif "{host}" in value:
            host = issuer.split("/")[2] if isinstance(issuer, str) and issuer.count("/") > 1 else None
            found[name] = MALFORMED if not host else value.replace("{host}", host)
    return found


def _with_profile_conditions(table: Mapping[str, Any], profile: IssuerProfile) -> Mapping[str, Any]:
    """Return the table with the profile's conditions added; the table's own condition on a claim takes precedence."""
    own, given = table.get("claims", {}), profile.settings.get("claims")
    if given is None or not isinstance(own, dict):
        return table
    return {**table, "claims": {**given, **own}}


def _check_tenants(entry: IssuerEntry) -> None:
    if not entry.sound("tenants"):
        return
    tenants = entry.values["tenants"]
    if entry.profile.one_tenant and (tenants in (None, ANY_TENANT) or len(tenants) != 1):
        entry.say("tenants", f"profile {entry.profile.name} is for one tenant", "list exactly one GUID")
    if not entry.sound("issuer"):
        return
    issuer = entry.values["issuer"]
    if TENANT_PLACEHOLDER in issuer:
        if not tenants:
            entry.say("tenants", f"is missing, and the issuer holds {TENANT_PLACEHOLDER}",
                      'list the tenants, or write tenants = "any" to serve every tenant')  # fmt: skip
    elif tenants == ANY_TENANT:
        entry.say(
            "tenants", f'"any" goes only with an issuer that holds {TENANT_PLACEHOLDER}', "list the tenants"
        )
    elif entry.profile.one_tenant and tenants and not any(tenant in issuer for tenant in tenants):
        entry.say("issuer", "does not hold the tenant that is listed", "correct tenants or issuer")


def _check_template(entry: IssuerEntry) -> None:
    if not entry.sound("issuer", "key_issuer"):
        return
    issuer, templated = entry.values["issuer"], TENANT_PLACEHOLDER in entry.values["issuer"]
    if templated and entry.values["key_issuer"] != "required":
        entry.say("key_issuer", f"contradicts an issuer that holds {TENANT_PLACEHOLDER}: its key set serves many issuers",
                  'write key_issuer = "required"')  # fmt: skip
    wanted = entry.profile.template
    if wanted is True and not templated:
        entry.say("issuer", f"{quote_value(issuer)} does not hold {TENANT_PLACEHOLDER}, which profile {entry.profile.name} needs",
                  f"write {TENANT_PLACEHOLDER} for the tenant, or use profile entra")  # fmt: skip
    if wanted is False and templated:
        entry.say("issuer",
                  f"{quote_value(issuer)} holds {TENANT_PLACEHOLDER}, and profile {entry.profile.name} is for one issuer",
                  "write the issuer in full, or use profile entra-multi-tenant")  # fmt: skip


def _check_consumers(entry: IssuerEntry) -> None:
    """Report a mix of personal accounts with organisations, which Storm-0558 exploited: they need their own issuer."""
    if not entry.sound("issuer", "tenants", "consumer_issuer"):
        return
    issuer, tenants = entry.values["issuer"], entry.values["tenants"] or frozenset()
    if entry.values["consumer_issuer"]:
        if tenants - {CONSUMER_TENANT} or TENANT_PLACEHOLDER in issuer:
            entry.say(
                "consumer_issuer",
                "contradicts an issuer of organisations",
                "give personal accounts an [[issuer]] of their own",
            )
        return
    if CONSUMER_TENANT in tenants or CONSUMER_TENANT in issuer:
        entry.say("tenants" if CONSUMER_TENANT in tenants else "issuer", "is the tenant of personal Microsoft accounts",
                  "use profile entra-personal in an [[issuer]] of its own")  # fmt: skip


def _check_sources(entry: IssuerEntry) -> None:
    own = [name for name in SOURCES if name in entry.own]
    if len(own) > 1:
        entry.say(
            own[1], f"contradicts {own[0]}: keys come from one source", f"keep one of: {', '.join(own)}"
        )
    elif not own and not any(name in entry.profile.settings for name in SOURCES):
        entry.say(
            "jwks_uri",
            "is missing: nothing says where the keys come from",
            f"set one of: {', '.join(SOURCES)}",
        )
    if "key_hosts" in entry.own and entry.values["discovery"] is None:
        entry.say("key_hosts", "goes only with discovery", "leave it out, or set discovery")
    if "jwks" in entry.own and entry.sound("quarantine") and entry.values["quarantine"]:
        entry.say("quarantine", "has no meaning for keys that are written in this file", "leave it out")
    elif entry.sound("quarantine") and entry.values["quarantine"] and entry.values["key_memory"] is None:
        entry.say("quarantine", "would be forgotten at the next start: the key set of then would be trusted as it is",
                  "set key_memory to a file of this issuer's own")  # fmt: skip
    if any(name in entry.own for name in ("jwks", "jwks_file")) and "trust_file" in entry.own:
        entry.say("trust_file", "has no meaning for keys that are not fetched", "leave it out")


def _check_urls(entry: IssuerEntry) -> None:
    """Report plain http, except to this machine and on request."""
    allowed = entry.values["allow_loopback_http"] is True
    for name in ("issuer", "jwks_uri", "discovery"):
        url = entry.values[name]
        if not isinstance(url, str):
            continue
        if name == "issuer" and entry.values["http_issuer"] is True:
            url = url.replace("http://", "https://", 1)
        try:
            parse_url(url.replace(TENANT_PLACEHOLDER, CONSUMER_TENANT), allow_loopback_http=allowed)
        except FetchError as refused:
            if name == "issuer" or name in entry.own:
                entry.say(name, f"{quote_value(url)}: {refused}", "write an https:// URL")
        if name != "issuer" and "{" in url:
            entry.say(name, f"{quote_value(url)} holds a placeholder", "write the URL in full")


def _check_okta(entry: IssuerEntry) -> None:
    if entry.profile.name == "okta" and entry.sound("issuer") and "/oauth2/" not in entry.values["issuer"]:
        entry.say("issuer", "is the organisation's own server, whose access tokens are for Okta alone",
                  "use a custom authorisation server: https://ORGANISATION.okta.com/oauth2/default")  # fmt: skip


def _check_conditions(entry: IssuerEntry) -> None:
    """Report a missing condition on an issuer that also serves strangers."""
    if not entry.sound("claims"):
        return
    wanted = entry.profile.one_condition_of
    found = entry.values["claims"].names if entry.values["claims"] else frozenset()
    if wanted and not found.intersection(wanted):
        entry.say("claims", f"is missing: {entry.profile.meaning}, and anybody's get a token for your audience",
                  f"set a condition on one of: {', '.join(wanted)}")  # fmt: skip


CHECKS: Final[tuple[Callable[[IssuerEntry], None], ...]] = (
    _check_tenants,
    _check_template,
    _check_consumers,
    _check_sources,
    _check_urls,
    _check_okta,
    _check_conditions,
)


def _memory(entry: IssuerEntry, folder: FilePath) -> FirstSeen:
    if not isinstance(entry.values["key_memory"], str):
        return FirstSeen()
    path = folder / entry.values["key_memory"]
    if not path.parent.is_dir():
        entry.say("key_memory", f"{quote_value(str(path.parent))} is not a folder", "make the folder first")
        return FirstSeen()
    try:
        return FirstSeen(path)
    except FirstSeenFileInvalid as broken:
        entry.say(
            "key_memory",
            f"{quote_value(str(path))}: {broken}",
            "restore it; or delete it, which trusts the next set as it is",
        )
        return FirstSeen()


def _origin(entry: IssuerEntry, folder: FilePath) -> Origin | None:
    """Return the origin of the keys.

    Files and sets in the policy are read once now, so that faults show at start.
    """
    values = entry.values
    if not entry.sound(*SOURCES, "issuer", "key_hosts", "fetch_timeout", "trust_file", "allow_loopback_http"):
        return None
    if values["jwks"] is not None or values["jwks_file"] is not None:
        name = "jwks" if values["jwks"] is not None else "jwks_file"
        origin = from_document(values["jwks"]) if name == "jwks" else from_file(folder / values["jwks_file"])
        try:
            origin()
        except OriginFailed as failed:
            entry.say(name, str(failed), "give a set of public keys (RFC 7517)")
        return origin
    trust = None
    if values["trust_file"] is not None:
        try:
            trust = trust_store(folder / values["trust_file"])
        except FetchError as refused:
            entry.say("trust_file", str(refused), "give a file of certificates in PEM")
    connection = Connection(
        timeout=values["fetch_timeout"], trust=trust, allow_loopback_http=values["allow_loopback_http"]
    )
    if values["discovery"] is not None:
        return from_discovery(
            values["discovery"], values["issuer"], frozenset(values["key_hosts"]), connection
        )
    return from_url(values["jwks_uri"], connection) if values["jwks_uri"] is not None else None


def _policy(
    entry: IssuerEntry, origin: Origin, memory: FirstSeen, clock: Callable[[], float]
) -> IssuerPolicy:
    values = entry.values
    keys = KeyCache(
        values["issuer"],
        origin,
        CacheSettings(
            stale_limit=values["stale_limit"],
            quarantine=values["quarantine"],
            denied=frozenset(values["denied_keys"]),
            approved=frozenset(values["approved_keys"]),
        ),
        memory=memory,
        clock=clock,
    )
    return IssuerPolicy(
        name=values["name"] or values["issuer"],
        issuer=values["issuer"],
        audiences=frozenset(values["audiences"]),
        audience_claim=values["audience_claim"],
        keys=keys,
        algorithms=frozenset(values["algorithms"]),
        token_types=frozenset(values["token_types"]),
        required_claims=values["required_claims"],
        conditions=values["claims"] or NO_CONDITIONS,
        permission_claims=values["permission_claims"],
        canonical_guids=values["canonical_guids"],
        tenants=values["tenants"],
        consumer_issuer=values["consumer_issuer"],
        key_issuer=values["key_issuer"],
        max_lifetime=values["max_lifetime"],
        max_application_lifetime=values["max_application_lifetime"],
        clock_skew=values["clock_skew"],
        max_key_age=values["max_key_age"],
        quarantine=values["quarantine"],
        sender=values["sender"],
        acr_values=values["acr_values"],
        required_amr=frozenset(values["required_amr"]),
        max_authentication_age=values["max_authentication_age"],
        max_chain_age=values["max_chain_age"],
    )

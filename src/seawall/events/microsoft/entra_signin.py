"""Read Entra sign-ins: Graph `signIn`, Log Analytics sign-in tables, diagnostic settings."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.client_names import reduce_client
from seawall.events.event_table import Normalised, parse_times, timestamps
from seawall.events.formats.distinct_values import Column, Mapper
from seawall.events.formats.field_capitals import (
    Names,
    RecordFields,
    RequestedFields,
    once_for_names,
    spellings,
)
from seawall.events.formats.json_values import as_text, content_id, encode, read_structure
from seawall.events.microsoft.entra_error_codes import is_interrupted
from seawall.events.microsoft.entra_results import factor_code
from seawall.events.microsoft.entra_strength import MORE_TEXTS, read_strength
from seawall.events.microsoft.m365_meanings import address, clean, identifier
from seawall.events.microsoft.record_origin import find_tenant, has_one_of_each, read_origin_with

NAME = "entra_signin"
RAW_COLUMNS = (
    "id", "time", "category", "type", "operation", "error", "reason", "org", "upn", "user", "app", "app_name",
    "resource", "resource_name", "principal", "principal_name", "ip", "country", "agent", "browser",
    "client_used",
    "device", "session", "token", "methods", "requirement", "protocol", "transfer", "token_type",
    "interactive",
    "key", "credential", "how", "detail",
)  # fmt: skip

_CATEGORIES = re.compile(r"(?i)signinlogs$")
_TABLES = re.compile(r"(?i)(?:aad\w*)?signinlogs")
USED = frozenset({
    "id", "createddatetime", "timegenerated", "time", "category", "type", "operationname", "resulttype",
    "status",
    "resultdescription", "aadtenantid", "resourceid", "userprincipalname", "userid", "appid",
    "appdisplayname",
    "resourceidentity", "resourcedisplayname", "serviceprincipalid", "serviceprincipalname", "ipaddress",
    "calleripaddress", "location", "locationdetails", "useragent", "devicedetail", "clientappused",
    "sessionid",
    "uniquetokenidentifier", "authenticationdetails", "authenticationrequirement", "authenticationprotocol",
    "originaltransfermethod", "incomingtokentype", "isinteractive", "serviceprincipalcredentialkeyid",
    "properties", "tenantid", "tenant", "resourcetenantid", "clientcredentialtype", "operationversion",
    "sourcesystem",
    "durationms", "level", "resource", "resourcegroup", "resourceprovider", "identity", "userdisplayname",
    "correlationid", "processingtimeinmilliseconds", "tokenissuername",
    "tokenissuertype",
    "resultsignature", "authenticationprocessingdetails", "resourceserviceprincipalid", "p_log_type",
    "p_event_time",
    "p_parse_time", "p_row_id", "p_enrichment", "latitude", "longitude", "usertype", "alternatesigninname",
})  # fmt: skip
"""Fields that columns hold, or that are irrelevant to a takeover. Every other field goes to `unmapped`."""


TEXTS = RequestedFields(
    {"token": "uniquetokenidentifier", "token_type": "incomingtokentype", **MORE_TEXTS},
    id="id", time="createddatetime", envelope_time="time timegenerated", category="category", type="type",
    operation="operationname", result="resulttype", reason="resultdescription", org="aadtenantid",
    resource_org="resourcetenantid", upn="userprincipalname", user="userid", app="appid",
    app_name="appdisplayname serviceprincipalname", resource="resourceidentity", resource_id="resourceid",
    resource_name="resourcedisplayname", principal="serviceprincipalid", principal_name="serviceprincipalname",
    ip="ipaddress calleripaddress", country="location", agent="useragent", client_used="clientappused",
    session="sessionid", requirement="authenticationrequirement",
    protocol="authenticationprotocol", transfer="originaltransfermethod",
    interactive="isinteractive", key="serviceprincipalcredentialkeyid", credential="clientcredentialtype",
)  # fmt: skip
"""Field names (lower case) of each text column; the first with a value is used."""


MARKS = (
    ("createddatetime",),
    ("appid",),
    ("conditionalaccessstatus", "signineventtypes", "serviceprincipalid", "clientappused", "isinteractive"),
    ("ipaddress", "status", "userprincipalname"),
)
"""Graph's sign-ins have one field of each line."""
_read_origin = read_origin_with(lambda names: has_one_of_each(names, MARKS))


def recognises(record: dict[str, Any]) -> bool:
    """Return whether an object is an Entra sign-in, in any export format."""
    category, table, has_fields = _read_origin(record)
    return has_fields or is_category(category) or is_table(table)


def is_category(value: Any) -> bool:
    """Return whether a category is one of sign-ins."""
    return isinstance(value, str) and _CATEGORIES.search(value) is not None


def is_table(value: Any) -> bool:
    """Return whether a type names a table of sign-ins."""
    return isinstance(value, str) and _TABLES.fullmatch(value) is not None


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one record, and its `unmapped` last."""
    get = RecordFields(record)
    values = get.texts(TEXTS)
    found = values.get
    error, failure, more = read_members(get.value("status"), *STATUS_FIELDS)
    machine, details = get.value("devicedetail"), get.value("authenticationdetails")
    browser, device = read_members(machine, *DEVICE_FIELDS)
    values["id"] = found("id") or content_id(record)
    values["time"] = found("time") or found("envelope_time")
    values["error"] = as_text(error) if error is not None else found("result")
    values["reason"] = as_text(failure) or found("reason")
    if not found("type"):
        values["type"] = join_types(get.value("signineventtypes"))
    if not found("org"):
        values["org"] = find_tenant(get.envelope_text("resourceid")) or found("resource_org")
    values["resource"] = found("resource") or keep_guid(found("resource_id"))
    country = get.member("locationdetails", "countryorregion") or get.member("location", "countryorregion")
    values["country"] = as_text(country) or found("country")
    values["browser"] = as_text(browser)
    values["device"] = as_text(device)
    values["methods"] = join_methods(details)
    values["how"] = read_strength(found, details, machine, get.value)
    kept = get.rest(USED)
    if more:
        kept["status"] = {"additionalDetails": more}
    values["detail"] = as_text(more) or find_last_failure(details)
    return (*map(found, RAW_COLUMNS), encode(kept) if kept else None)


STATUS_FIELDS = ("errorcode", "failurereason", "additionaldetails")
DEVICE_FIELDS = ("browser", "deviceid")


def join_types(events: Any) -> str | None:
    """Return the kinds of a sign-in, joined."""
    return ",".join(map(str, events)) if isinstance(events, list) else None


def read_members(structured: Any, *names: str) -> list[Any]:
    """Return members of an object, by lower-case name; None for a missing one."""
    if not isinstance(structured, dict):
        return [None] * len(names)
    known = spellings(tuple(structured))
    return [read_structure(structured[known[name]]) if name in known else None for name in names]


def keep_guid(text: str | None) -> str | None:
    """Return a resource's id, None for a path."""
    return text if text and "/" not in text else None


@once_for_names
def _step_fields(fields: Names) -> tuple[str | None, ...]:
    """Return the names of a step's method, success and result fields."""
    names = spellings(fields)
    return tuple(
        names.get(name) for name in ("authenticationmethod", "succeeded", "authenticationstepresultdetail")
    )


def join_methods(details: Any) -> str | None:
    """Return `method=succeeded` of each step, joined. It has few distinct values, while the details contain times."""
    steps = []
    for step in details if isinstance(details, list) else ():
        if isinstance(step, dict):
            parts = (None if key is None else step[key] for key in _step_fields(tuple(step)))
            steps.append("=".join(map(str, parts)))
    return ";".join(steps) or None


def find_last_failure(details: Any) -> str | None:
    """Return the result text of the last failed step, for records whose status has no details."""
    said = None
    for step in details if isinstance(details, list) else ():
        if isinstance(step, dict):
            _, succeeded, result = (None if key is None else step[key] for key in _step_fields(tuple(step)))
            said = as_text(result) if succeeded in (False, "false", "False") else said
    return said


def normalise(table: Any) -> Normalised:
    """Return the event columns of a table of raw columns."""
    raw = {
        name: Column.of(table.column(name))
        for name in RAW_COLUMNS
        if name not in ("id", "time", "token", "how")
    }
    columns: dict[str, Any] = {"metadata_uid": table.column("id"), "token_uid": table.column("token")}
    columns["kind"], columns["activity_name"] = _what(raw["operation"])
    columns["status"], columns["status_code"], columns["status_detail"] = _status(
        raw["error"], raw["reason"], raw["detail"]
    )
    (
        columns["org_uid"], columns["account"], columns["account_type"], columns["actor_user_uid"],
        columns["actor_app_uid"], columns["app_uid"],
    ) = _who(
        raw["org"], raw["upn"], raw["user"], raw["principal"], raw["app"], raw["category"], raw["type"]
    )  # fmt: skip
    (columns["app_name"],) = _clean(raw["app_name"])
    (columns["target_app_uid"],) = _identifier(raw["resource"])
    columns["resource_uid"] = raw["resource_name"]
    columns["user_agent"], columns["client"] = _client(
        raw["agent"], raw["client_used"], raw["browser"], columns["app_uid"]
    )
    (columns["device_uid"],) = _identifier(raw["device"])
    (columns["src_ip"],) = _address(raw["ip"])
    (columns["src_country"],) = _country(raw["country"])
    (columns["session_uid"],) = _clean(raw["session"])
    (columns["key_uid"],) = _identifier(raw["key"])
    columns["auth_method"], columns["auth_protocol"] = _authentication(
        raw["methods"], raw["requirement"], raw["protocol"], raw["transfer"], raw["token_type"],
        raw["client_used"],
        raw["credential"], columns["account_type"], columns["status"],
    )  # fmt: skip
    (columns["is_interactive"],) = _interactive.numbers(raw["interactive"], raw["category"], raw["type"])
    columns["parameters"] = table.column("how")
    columns["unmapped"] = table.column("unmapped")
    time = parse_times(table.column("time"))
    success = columns["status"].array().cast(pa.string())
    columns["token_issued_time"] = _find_issued(time, success)
    return Normalised(time, columns)


def _find_issued(time: Any, status: Any) -> Any:
    """Return token issue times: a successful sign-in issues its token at its own time."""
    is_success = pc.fill_null(pc.equal(status, "success"), False)
    return pc.if_else(is_success, timestamps(time), None)


def _status_of(
    error: str | None, reason: str | None, detail: str | None
) -> tuple[str | None, str | None, str | None]:
    code = clean(error)
    if code is None:
        return None, None, clean(reason)
    if code.lower() in ("0", "success"):
        return "success", None, None
    return ("interrupted" if is_interrupted(code) else "failure"), factor_code(code, detail), clean(reason)


def _who_of(
    org: str | None, upn: str | None, user: str | None, principal: str | None, app: str | None,
    category: str | None,
    table: str | None,
) -> tuple[str | None, ...]:  # fmt: skip
    application = identifier(app)
    where = f"{category or ''} {table or ''}".lower()
    is_service = (
        "serviceprincipal" in where or "managedidentity" in where or bool(principal and not clean(upn))
    )
    if is_service:
        who = application or identifier(principal)
        return identifier(org), who, "service", identifier(principal), who, application
    name = (clean(upn) or "").lower() or identifier(user)
    return identifier(org), name, "user" if name else None, identifier(user), None, application


def _client_of(
    agent: str | None, used: str | None, browser: str | None, app: str | None
) -> tuple[str | None, str | None]:
    return clean(agent), reduce_client(clean(agent), clean(used), None, app, clean(browser))


_STRONG = re.compile(r"(?i)fido|passkey|windows hello|certificate|x\.?509|platform credential")
_SECOND = re.compile(
    r"(?i)mobile app|authenticator|text message|sms|phone|oath|voice|temporary access|mfa|software token"
)
_CLAIM = re.compile(r"(?i)satisfied by claim|previously satisfied|satisfied due to|claim in (?:the )?token")
_LEGACY = re.compile(r"(?i)imap|pop3?|smtp|activesync|autodiscover|mapi over|exchange online powershell"
                     r"|exchange web services|offline address book|other clients")  # fmt: skip


def _authentication_of(
    methods: str | None, requirement: str | None, protocol: str | None, transfer: str | None,
    token_type: str | None,
    used: str | None, credential: str | None, account_type: str | None, status: str | None,
) -> tuple[str | None, str | None]:  # fmt: skip
    return (
        _method_of(methods, requirement, token_type, credential, account_type, status),
        _protocol_of(protocol, transfer, used),
    )


def _method_of(
    methods: str | None, requirement: str | None, token_type: str | None, credential: str | None,
    account_type: str | None, status: str | None,
) -> str | None:  # fmt: skip
    if account_type == "service":
        lowered = (credential or "").lower()
        return (
            "certificate"
            if "cert" in lowered or "assertion" in lowered
            else "secret"
            if "secret" in lowered
            else None
        )
    steps = methods or ""
    if status == "success" or status is None:
        if _STRONG.search(steps):
            return "phishing_resistant"
        if _CLAIM.search(steps):
            return "mfa_claim" if (requirement or "").lower().startswith("multi") else "password"
        if _SECOND.search(steps) or (requirement or "").lower() == "multifactorauthentication":
            # Demanded and passed without a step: an earlier token satisfied it.
            return "mfa" if _SECOND.search(steps) else "mfa_claim"
    if (token_type or "").lower() in ("primaryrefreshtoken", "refreshtoken") and not steps:
        return "mfa_claim" if (requirement or "").lower().startswith("multi") else None
    if "password" in steps.lower() or (requirement or "").lower() == "singlefactorauthentication":
        return "password"
    return None


def _protocol_of(protocol: str | None, transfer: str | None, used: str | None) -> str | None:
    lowered = (protocol or "").lower()
    if "devicecode" in lowered or "devicecode" in (transfer or "").lower():
        return "device_code"
    if lowered == "ropc":
        return "ropc"
    if _LEGACY.search(used or ""):
        return "legacy"
    if "saml" in lowered or "wsfed" in lowered:
        return "saml"
    return "oauth" if "oauth" in lowered else None


def _interactive_of(text: str | None, category: str | None, table: str | None) -> tuple[float | None]:
    lowered = (text or "").lower()
    if lowered in ("true", "false"):
        return (1.0 if lowered == "true" else 0.0,)
    where = f"{category or ''} {table or ''}".lower()
    if "noninteractive" in where or "serviceprincipal" in where or "managedidentity" in where:
        return (0.0,)
    return (1.0 if "signinlogs" in where or "interactiveuser" in where else None,)


def _country_of(text: str | None) -> tuple[str | None]:
    code = (clean(text) or "").upper()
    return (code if len(code) == 2 and code.isalpha() else None,)


_what = Mapper(lambda _operation: ("sign_in", "Sign-in activity"), 2)
_status = Mapper(_status_of, 3)
_who = Mapper(_who_of, 6)
_client = Mapper(_client_of, 2)
_authentication = Mapper(_authentication_of, 2)
_interactive = Mapper(_interactive_of, 1)
_country = Mapper(_country_of, 1)
_address = Mapper(address, 1)
_identifier = Mapper(lambda text: (identifier(text),), 1)
_clean = Mapper(lambda text: (clean(text),), 1)

"""Map vendors' field names to event columns, and event values to vendors' spellings, for each family of sources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from seawall.detection.rules.sigma.column_tests import Spell
from seawall.detection.rules.sigma.folding import plain_text
from seawall.events.microsoft.entra_results import NAMES

Written = str | tuple[str, Spell]
"""Entry of a table: `column`, or `column:path` such as `unmapped:path`.

`other:path` applies to events that are kept whole, `service:column` to those of applications. A pair adds a spelling.
"""


@dataclass(frozen=True, slots=True)
class SourceFamily:
    """Define sources with the same spellings.

    `fields` maps lower-case field names to entries. `columns` hold further fields as JSON; `bags` are lists of name-value
    pairs in it, whose names are fields too. `prefixes` stand before fields in the names of other tools. `dropped` are fields
    that no event keeps, except events of the kinds in `whole`, which keep everything.
    """

    sources: tuple[str, ...]
    fields: Mapping[str, tuple[Written, ...]]
    columns: tuple[str, ...] = ("unmapped",)
    bags: tuple[str, ...] = ()
    dropped: frozenset[str] = field(default_factory=frozenset)
    whole: tuple[str, ...] = ()
    is_enveloped: bool = False
    prefixes: tuple[str, ...] = ()


def _spell(**table: str) -> Spell:
    known = {name: tuple(texts.split("|")) if texts else () for name, texts in table.items()}
    return lambda value: known.get(value, ())


_SITE = re.compile(r"https?://[^/]+/(?:(?:sites|teams|personal)/[^/]+/)?", re.IGNORECASE)


def spell_operation(value: str) -> tuple[str, ...]:
    """Return an operation in all spellings: with and without its final full stop or blank, and with ASCII dashes."""
    bare = value.strip().removesuffix(".").rstrip()
    return tuple(dict.fromkeys((value, bare, plain_text(value), plain_text(bare))))


def spell_code(value: str) -> tuple[str, ...]:
    """Return a result code in all spellings: as it is, without the reader's addition, and as the number of Microsoft's name."""
    return tuple(dict.fromkeys((value, value.partition(" ")[0], NAMES.get(value, value))))


def spell_service(value: str) -> tuple[str, ...]:
    """Return an application of Google's Reports API, and the name of its service in Google Cloud's audit logs."""
    return value, f"{value}.googleapis.com"


def spell_site(value: str) -> tuple[str, ...]:
    """Return the site of a file's URL, with and without the final slash."""
    found = _SITE.match(value)
    return () if found is None else (found[0], found[0].rstrip("/"))


def spell_extension(value: str) -> tuple[str, ...]:
    """Return the extension of the file in a URL."""
    name = value.rpartition("/")[2]
    return (name.rpartition(".")[2],) if "." in name and "/" in value else ()


def _status_of(success: str, failure: str, interrupted: str) -> Spell:
    return _spell(success=success, failure=failure, interrupted=interrupted)


_said = _status_of("Success|Succeeded|True", "Failure|Failed|False", "Interrupted|Failure")
_zero = _spell(success="0")
_AUTHENTICATED = {"secret": ("1",), "certificate": ("2",)}
_answered = _spell(success="200|201|202|204")
_workload = _spell(
    mail_access="Exchange", mail_action="Exchange", mail_rule="Exchange", admin="Exchange",
    sign_in="AzureActiveDirectory", directory="AzureActiveDirectory", file="SharePoint|OneDrive",
)  # fmt: skip
_record_type = _spell(
    mail_access="50|2|ExchangeItemAggregated|ExchangeItem", mail_action="2|3|ExchangeItem|ExchangeItemGroup",
    mail_rule="1|ExchangeAdmin", admin="1|ExchangeAdmin", sign_in="15|AzureActiveDirectoryStsLogon",
    directory="8|AzureActiveDirectory", file="6|4|14|SharePointFileOperation|SharePoint|SharePointSharingOperation",
)  # fmt: skip
_logon = _spell(
    owner="0|Owner", admin="1|Admin", delegate="2|Delegated|Delegate", application="0|1|2|Owner|Admin"
)
_signs_in = _spell(
    device_code="Device Code|deviceCode", ropc="ROPC", saml="SAML|SAML 2.0", oauth="OAuth 2.0", legacy=""
)
_accessed = _spell(bind="Bind", sync="Sync")
_okta = _status_of("SUCCESS|ALLOW", "FAILURE|DENY", "CHALLENGE|UNKNOWN|SKIPPED")


def _table(*rows: tuple[str, tuple[Written, ...]]) -> dict[str, tuple[Written, ...]]:
    return {name: answers for names, answers in rows for name in names.split()}


_OPERATIONS = (
    "operation operationname operationnamevalue operationname.value activitydisplayname activitytype activity "
    "eventname action message"
)
_ADDRESSES = (
    "ipaddress ipaddr clientip clientipaddress calleripaddress actoripaddress initiatedby.user.ipaddress"
)
_PEOPLE = (
    "user userid userid_ username userprincipalname initiatedby initiatedby.user.userprincipalname actor caller "
    "useridentity"
)

OPERATIONS = frozenset(_OPERATIONS.split())
PEOPLE = frozenset(_PEOPLE.split())
"""Field names of the operation (`OPERATIONS`) and of the account that acted (`PEOPLE`)."""

CLOUD_PREFIXES = ("protopayload.metadata.event.parameter.", "protopayload.metadata.event.")
"""Before the names of Google Workspace's parameters in Google Cloud's audit logs."""

M365 = SourceFamily(
    ("m365_audit", "office_activity"),
    _table(
        (_OPERATIONS, (("activity_name", spell_operation), "other:name", "other:alerttype")),
        (f"{_PEOPLE} identity user.email", ("account",)),
        (_ADDRESSES, ("src_ip",)),
        ("resultstatus result status", (("status", _said), "status_code", "other:status", "other:resultstatus")),
        ("workload eventsource officeworkload loggedbyservice", (("kind", _workload), "other:workload", "other:source")),
        ("recordtype", (("kind", _record_type), "other:recordtype")),
        ("objectid officeobjectid resourceid", ("resource_uid",)),
        ("siteurl", (("resource_uid", spell_site), "other:siteurl")),
        ("sourcefileextension", (("resource_uid", spell_extension), "other:sourcefileextension")),
        ("organizationid", ("org_uid",)),
        ("mailboxownerupn", ("mailbox",)),
        ("logontype logon_type", (("logon_type", _logon),)),
        ("appid clientappid applicationid appaccesscontext.clientappid", ("app_uid",)),
        ("applicationdisplayname appdisplayname", ("app_name",)),
        ("useragent clientinfostring clientprocessname", ("user_agent", "unmapped:extendedproperties.useragent")),
        ("errornumber resulttype", (("status", _zero), ("status_code", spell_code))),
        ("logonerror resultdescription resultreason", ("status_detail",)),
        ("sessionid appaccesscontext.aadsessionid aadsessionid", ("session_uid",)),
        ("uniquetokenid appaccesscontext.uniquetokenid", ("token_uid",)),
        ("deviceid", ("device_uid",)),
        ("category", (("kind", _spell()), "other:category")),
        ("location locationdetails.countryorregion country", ("src_country", "other:location")),
        ("authenticationprotocol", (("auth_protocol", _signs_in), "other:authenticationprotocol")),
        ("targetresources.userprincipalname targetresources.displayname", ("parameters:target", "other:target")),
        ("targetresources targetresources.modifiedproperties targetresources.modifiedproperties.newvalue target targetobject",
         ("parameters:*",)),
        ("modifiedproperties modifiedproperties.newvalue", ("parameters:*",)),
        ("modifiedproperties.name targetresources.modifiedproperties.displayname", ("parameters:*names",)),
        ("parameters", ("parameters", "parameters:*", "parameters:*names")),
        ("parameters.name", ("parameters:*names", "parameters:name")),
        ("parameters.value", ("parameters:*",)),
        ("operationproperties.isthrottled", ("is_throttled",)),
        ("operationproperties.mailaccesstype", (("access_type", _accessed),)),
        ("operationcount", ("item_count",)),
        ("folders.path folder.path item.parentfolder.path", ("folder",)),
    ),
    columns=("unmapped", "parameters"),
    bags=("extendedproperties",),
    dropped=frozenset({
        "actorcontextid", "apppoolname", "clientrequestid", "clientversion", "correlationid", "externalaccess", "geolocation",
        "internallogontype", "intrasystemid", "intersystemsid", "ismanageddevice", "itemcount", "listid", "listtitle",
        "mailboxguid", "organizationname", "originatingserver", "platform", "site",
        "supportticketid", "targetcontextid", "version", "webid", "authenticationtype", "devicedisplayname", "tokentype",
        "azureactivedirectoryeventtype", "userkey", "usertype", "actor", "browsername", "deviceproperties", "folders",
    }),
    whole=("other", "vendor_alert"),
    prefixes=("o365.audit.",),
)  # fmt: skip

SIGN_IN = SourceFamily(
    ("entra_signin",),
    _table(
        (f"{_OPERATIONS} activitydetails",
         (("activity_name", lambda _: ("Sign-in activity", "Sign-ins")), ("auth_protocol", _signs_in))),
        (f"{_PEOPLE} userdisplayname", ("account",)),
        (_ADDRESSES, ("src_ip",)),
        ("resulttype status.errorcode errorcode", (("status", _zero), ("status_code", spell_code))),
        ("resultdescription status.failurereason status.additionaldetails",
         ("status_detail", "unmapped:status.additionaldetails")),
        ("status result resultsignature",
         (("status", _said), "status_code", "status_detail", "unmapped:status.additionaldetails")),
        ("appid", ("app_uid",)),
        ("appdisplayname app", ("app_name",)),
        ("resourcedisplayname resource", ("resource_uid",)),
        ("resourceidentity", ("target_app_uid",)),
        ("useragent", ("user_agent",)),
        ("clientapp clientappused", ("parameters:client_app",)),
        ("authenticationrequirement", ("parameters:requirement",)),
        ("devicedetail.trusttype", ("parameters:trust",)),
        ("devicedetail.iscompliant", ("parameters:compliant",)),
        ("devicedetail.ismanaged", ("parameters:managed",)),
        ("devicedetail.operatingsystem", ("parameters:system",)),
        ("conditionalaccessstatus", ("parameters:conditional_access", "unmapped:conditionalaccessstatus")),
        ("risklevelduringsignin", ("parameters:risk", "unmapped:risklevelduringsignin")),
        ("risklevelaggregated", ("parameters:user_risk", "unmapped:risklevelaggregated")),
        ("incomingtokentype", ("parameters:token_type",)),
        ("originaltransfermethod", ("parameters:transfer",)),
        ("crosstenantaccesstype", ("parameters:cross_tenant", "unmapped:crosstenantaccesstype")),
        ("usertype", ("parameters:user_type",)),
        ("tokenissuertype", ("parameters:issuer",)),
        ("authenticationdetails", ("parameters:steps",)),
        ("authenticationdetails.authenticationmethod", ("parameters:steps",)),
        ("location locationdetails.countryorregion country", ("src_country",)),
        ("sessionid", ("session_uid",)),
        ("uniquetokenidentifier", ("token_uid",)),
        ("devicedetail.deviceid deviceid", ("device_uid",)),
        ("isinteractive", ("is_interactive",)),
        ("authenticationprotocol", (("auth_protocol", _signs_in), "parameters:protocol")),
        ("clientcredentialtype", ("parameters:credential",)),
        ("serviceprincipalcredentialkeyid", ("key_uid",)),
        ("serviceprincipalid", ("service:actor_user_uid",)),
    ),
    bags=("authenticationprocessingdetails",),
    dropped=frozenset({
        "resourceserviceprincipalid", "correlationid", "processingtimeinmilliseconds", "tokenissuername",
        "latitude", "longitude", "alternatesigninname",
    }),
)  # fmt: skip

AUDIT = SourceFamily(
    ("entra_audit",),
    _table(
        (_OPERATIONS, (("activity_name", spell_operation),)),
        (f"{_PEOPLE} identity", ("account",)),
        (_ADDRESSES, ("src_ip",)),
        ("result resulttype status", (("status", _said), "status_code", "status_detail")),
        ("resultdescription resultreason failure_status_reason", ("status_detail",)),
        ("useragent", ("user_agent",)),
        ("initiatedby.app.appid", ("app_uid",)),
        ("initiatedby.app.displayname initiatedby.user.displayname", ("app_name",)),
        ("target", ("parameters:target", "unmapped:targetresources")),
        ("modifiedproperties", ("unmapped:targetresources.modifiedproperties",)),
        ("additionaldetails.additionalinfo",
         ("unmapped:additionaldetails.additionalinfo", "unmapped:additionaldetails.additional info")),
    ),
    columns=("unmapped", "parameters"),
    bags=("additionaldetails",),
    dropped=frozenset({"correlationid", "durationms", "tenantgeo", "operationversion"}),
)  # fmt: skip

GRAPH = SourceFamily(
    ("graph_activity",),
    _table(
        (_OPERATIONS, (("activity_name", lambda value: (value, "Microsoft Graph Activity")),)),
        (f"{_PEOPLE} accountobjectid", ("account",)),
        (_ADDRESSES, ("src_ip",)),
        ("requestmethod httpmethod", (("activity_name", lambda value: (value.partition(" ")[0],)),)),
        ("requesturi", ("resource_uid",)),
        ("responsestatuscode httpstatuscode resultsignature", (("status", _answered), "status_code")),
        ("appid applicationid", ("app_uid",)),
        ("serviceprincipalid", ("service:actor_user_uid",)),
        ("useragent", ("user_agent",)),
        ("sessionid", ("session_uid",)),
        ("signinactivityid uniquetokenid uniquetokenidentifier", ("token_uid",)),
        ("deviceid", ("device_uid",)),
        ("aadtenantid", ("org_uid",)),
        ("clientauthmethod", (("auth_method", lambda value: _AUTHENTICATED.get(value, ())),)),
    ),
    dropped=frozenset({
        "apiversion", "clientrequestid", "correlationid", "durationms", "location", "operationid", "operationversion",
        "requestid",
    }),
)  # fmt: skip

OKTA = SourceFamily(
    ("okta",),
    _table(
        ("eventtype", ("activity_name", "unmapped:eventtype")),
        ("actor.alternateid", ("account", "unmapped:actor.alternateid")),
        ("client.ipaddress", ("src_ip", "unmapped:client.ipaddress")),
        ("outcome.result", (("status", _okta), "status_code", "unmapped:outcome.result")),
        ("outcome.reason", ("status_code", "status_detail", "unmapped:outcome.reason")),
        ("client.useragent.rawuseragent", ("user_agent", "unmapped:client.useragent.rawuseragent")),
        ("authenticationcontext.externalsessionid", ("session_uid", "unmapped:authenticationcontext.externalsessionid")),
    ),
    columns=("unmapped", "parameters"),
    bags=("debugcontext.debugdata",),
)  # fmt: skip

GOOGLE = SourceFamily(
    ("google_workspace",),
    _table(
        ("eventname event_name events.name name protopayload.metadata.event.eventname protopayload.methodname",
         ("activity_name", "unmapped:events.name", "unmapped:protopayload.metadata.event.eventname")),
        ("actor.email email", ("account", "unmapped:actor.email")),
        ("id.applicationname applicationname",
         ("parameters:applicationname", "unmapped:applicationname", "unmapped:id.applicationname")),
        ("ipaddress", ("src_ip", "unmapped:ipaddress")),
        ("eventservice eventsource protopayload.servicename",
         (("unmapped:applicationname", spell_service), "unmapped:eventservice", "unmapped:protopayload.servicename")),
    ),
    columns=("unmapped", "parameters"),
    bags=("events.parameters", "parameters", "events"),
    prefixes=CLOUD_PREFIXES,
)  # fmt: skip

OTHER = SourceFamily(
    ("other",),
    _table(
        (_OPERATIONS,
         (("activity_name", spell_operation), "unmapped:operationname", "unmapped:operationname.value",
          "unmapped:operationnamevalue",
          "unmapped:eventname", "unmapped:properties.message", "unmapped:message", "unmapped:activity",
          "unmapped:activitydisplayname", "unmapped:events.name", "unmapped:protopayload.metadata.event.eventname")),
        ("eventservice", ("unmapped:eventservice", "unmapped:protopayload.servicename")),
        ("categoryvalue category", ("unmapped:categoryvalue", "unmapped:category", "unmapped:category.value")),
        ("resourceprovidervalue resourceprovider",
         ("unmapped:resourceprovidervalue", "unmapped:resourceprovider", "unmapped:resourceprovidername.value")),
        ("resourceid", ("unmapped:resourceid", "unmapped:_resourceid")),
        ("status result activitystatusvalue",
         ("unmapped:status", "unmapped:status.value", "unmapped:result", "unmapped:resulttype", "unmapped:activitystatusvalue",
          "unmapped:outcome.result")),
        ("riskeventtype", ("unmapped:riskeventtype", "unmapped:properties.riskeventtype", "unmapped:risktype")),
    ),
    bags=("properties", "events.parameters", "debugcontext.debugdata", "extendedproperties", "additionaldetails",
          "protopayload.metadata.event.parameter"),
    is_enveloped=True,
    prefixes=CLOUD_PREFIXES,
)  # fmt: skip

ALERT = SourceFamily(
    ("entra_risk", "microsoft_alerts", "google_alerts"),
    {
        **OTHER.fields,
        **_table(
            ("vendor", ("parameters:vendor",)),
            ("says", ("parameters:says",)),
            ("level", ("parameters:level",)),
            ("state", ("parameters:state",)),
            ("ipaddress ipaddr clientip", ("src_ip",)),
            ("userprincipalname user accountupn", ("account",)),
        ),
    },
    columns=("unmapped", "parameters"),
    bags=OTHER.bags,
    is_enveloped=True,
    prefixes=CLOUD_PREFIXES,
)

MAIL = SourceFamily(
    ("mail_flow",),
    _table(
        (f"{_OPERATIONS} actiontype", ("activity_name",)),
        (f"{_PEOPLE} accountupn", ("account",)),
        ("senderobjectid", ("actor_user_uid",)),
        (_ADDRESSES, ("src_ip",)),
        ("url", ("resource_uid",)),
        ("status", ("status", "unmapped:status")),
    ),
)

FAMILIES: Mapping[str, SourceFamily] = {
    "m365": M365,
    "sign_in": SIGN_IN,
    "audit": AUDIT,
    "graph": GRAPH,
    "okta": OKTA,
    "google": GOOGLE,
    "mail": MAIL,
    "alert": ALERT,
    "other": OTHER,
}

_Looks = tuple[tuple[str, tuple[str, ...]], ...]
_OTHER: _Looks = (("alert", ()), ("other", ()))
_EVERY: _Looks = tuple((name, ()) for name in FAMILIES)
_MICROSOFT: _Looks = (("m365", ()), ("sign_in", ()), ("audit", ()), ("graph", ()), *_OTHER)
_GOOGLE: _Looks = (("google", ()), *_OTHER)

LOGSOURCES: Mapping[tuple[str, str], _Looks] = {
    ("", ""): _EVERY,
    ("seawall", ""): _EVERY,
    ("seawall", "alerts"): (("alert", ()), ("m365", ("vendor_alert",)), ("okta", ("vendor_alert",))),
    ("seawall", "mail"): (("mail", ()),),
    ("azure", ""): _MICROSOFT,
    ("azure", "signinlogs"): (("sign_in", ()), ("m365", ("sign_in",)), *_OTHER),
    ("azure", "auditlogs"): (("audit", ()), ("m365", ("directory",)), *_OTHER),
    ("azure", "activitylogs"): (("audit", ()), ("m365", ("directory",)), *_OTHER),
    ("azure", "riskdetection"): _OTHER,
    ("azure", "microsoftgraphactivitylogs"): (("graph", ()), *_OTHER),
    ("azure", "aadgraphactivitylogs"): (("graph", ()), *_OTHER),
    ("azure", "pim"): (("audit", ()), *_OTHER),
    ("m365", ""): (("m365", ()), *_OTHER),
    ("okta", ""): (("okta", ()), *_OTHER),
    ("gcp", ""): _GOOGLE,
    ("google_workspace", ""): _GOOGLE,
    ("gworkspace", ""): _GOOGLE,
}
"""Families of each log source, with the kinds of event to test in each (empty: all). Records of unknown logs are `other`."""

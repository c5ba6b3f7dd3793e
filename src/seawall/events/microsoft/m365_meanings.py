"""Interpret values of a unified audit record: kind, status, actor, client.

Pure functions of text that run once for each distinct combination of arguments (see `distinct_values`).
"""

from __future__ import annotations

import re

from seawall.events.addresses import normalise_address
from seawall.events.client_names import info_user_agent, reduce_client
from seawall.events.formats.json_values import read_named_values, read_structure, unquote
from seawall.events.microsoft.entra_error_codes import INTERRUPTED_NAMES, is_interrupted
from seawall.events.microsoft.forwarding import NO_TARGET
from seawall.events.microsoft.m365_fields import (
    ADMIN_RECORD_TYPE,
    DIRECTORY_RECORD_TYPE,
    FILE_RECORD_TYPES,
    FOLDER_PERMISSIONS,
    MAIL_RECORD_TYPES,
    RECORD_TYPE_NAMES,
    SIGN_IN_RECORD_TYPE,
)

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ZERO_GUID = "00000000-0000-0000-0000-000000000000"
_UPN = re.compile(r"[^\s@\\/,;<>\"]{1,128}@[^\s@\\/,;<>\"]{1,255}")
_NOBODY = frozenset({"", "not available", "not-found", "unknown", "null", "none", "anonymous", "n/a", "-"})
_SYSTEM = re.compile(
    r"(?i)^nt authority\\|^s-1-5-(?:18|19|20)$|^system$|^s-1-0-0$|^nt service\\|^microsoft\\"
    r"|@[\w.-]*\.prod\.outlook\.com$|^(?:fim_password|spo|cxpweb)_service@support\.onmicrosoft\.com$"
    r"|^app@sharepoint$|^sharepoint\\system|^ffoservicepartneruser$|^threatintel$|^certificate$|^sid:system"
    r"|^securitycompliancealerts$|^airinvestigation$|^microsoft\.exchange\.[\w.]+$"
)
"""Matches names of the provider's own processes, which nobody else can have.

A person's name in these logs is an address. These names are no addresses, or lie in Microsoft's own domains. An application
may have any name, so its name never counts.
"""
_GUEST = re.compile(r"(?i)^(?:urn:spo:guest#|i:0[#i]\.[a-z]\|membership\|)(?=[^|#]+$)")
"""Matches SharePoint's prefix of a guest's or member's address."""
_ANONYMOUS = re.compile(r"(?i)^urn:spo:anon(?:#|$)")
"""Matches the user of a link that needs no account."""
_SUCCEEDED = frozenset({
    "succeeded", "success", "successful", "true", "ok", "completed", "partiallysucceeded", "partialsuccess", "0",
})  # fmt: skip
_FAILED = frozenset({"failed", "failure", "fail", "false", "error", "denied", "blocked", "timeout"})
_SYSTEM_KEY = re.compile(r"(?i)^s-1-5-(?:18|19|20)$")
"""Matches the keys of Windows' own accounts."""
_APPLICATIONS = ("5", "6", "Application", "ServicePrincipal")
_ALERTS = "securitycompliancealerts"
ALERT_OPERATIONS = ("AlertTriggered", "AlertEntityGenerated", "AlertUpdated")
WHOLE_KINDS = ("vendor_alert", "other")
"""Kinds whose records are kept whole in `unmapped`."""
_MAIL_ACCESS = frozenset(
    {"MailItemsAccessed", "AttachmentAccess", "FolderBind", "MessageBind", "MailboxLogin"}
)
_RULES = frozenset({"New-InboxRule", "Set-InboxRule", "UpdateInboxRules", "Enable-InboxRule"})
_TAKEN_AWAY = NO_TARGET | {"False", "false", "$false"}
_FORWARDING = ("ForwardingSmtpAddress", "ForwardingAddress", "DeliverToMailboxAndForward")
_LOGON_TYPES = {
    "0": "owner", "1": "admin", "2": "delegate", "owner": "owner", "admin": "admin", "delegated": "delegate",
    "delegate": "delegate", "delegatedadmin": "admin", "3": "admin", "5": "admin", "6": "admin",
}  # fmt: skip


APP_ONLY = ("5", "Application")
"""User types of an application without a user. Only for them do application ids identify the account."""


def clean(text: str | None) -> str | None:
    """Return text without outer blanks; None for texts that mean nothing."""
    if text is None:
        return None
    text = text.strip()
    return None if text.lower() in _NOBODY else text


def identifier(text: str | None) -> str | None:
    """Return a GUID-like identifier in lower case; None for an empty or all-zero one."""
    text = clean(text)
    if text is None:
        return None
    text = text.lower().strip("{}")
    return None if text == _ZERO_GUID else text


def record_type(value: str | None) -> str | None:
    """Return the record type as its number, whichever way it is spelled."""
    if value is None:
        return None
    return RECORD_TYPE_NAMES.get(value.lower(), value)


def kind(
    operation: str | None, record: str | None, workload: str | None, parameters: str | None
) -> tuple[str]:
    """Return the event's kind, one of `event.KINDS`."""
    name, number = operation or "", record_type(record)
    if name in _RULES:
        return ("mail_rule",)
    if name in _MAIL_ACCESS:
        return ("mail_access",)
    if name in FOLDER_PERMISSIONS:
        return ("admin",)
    if number == ADMIN_RECORD_TYPE or (number is None and workload == "Exchange" and "-" in name):
        if name == "Set-Mailbox" and any(key in _set_parameters(parameters) for key in _FORWARDING):
            return ("mail_rule",)
        return ("admin",)
    if number in MAIL_RECORD_TYPES:
        return ("mail_action",)
    if number == SIGN_IN_RECORD_TYPE or name in ("UserLoggedIn", "UserLoginFailed"):
        return ("sign_in",)
    if number == DIRECTORY_RECORD_TYPE:
        return ("directory",)
    if number in FILE_RECORD_TYPES:
        return ("file",)
    return ("vendor_alert" if name in ALERT_OPERATIONS else "other",)


def _set_parameters(parameters: str | None) -> set[str]:
    # An empty or false forwarding parameter removes forwarding, which counts as administration.
    return {
        key
        for key, value in read_named_values(parameters).items()
        if (unquote(value) or "").strip() not in _TAKEN_AWAY
    }


def status(
    operation: str | None,
    result: str | None,
    error: str | None,
    logon_error: str | None,
    extended: str | None,
) -> tuple[str | None, str | None, str | None]:
    """Return status, the vendor's code (None for success) and its detail."""
    if operation == "UserLoginFailed":
        code = clean(error) if error != "0" else None
        detail = clean(logon_error) or clean(unquote(read_named_values(extended).get("ResultStatusDetail")))
        waits = is_interrupted(code) or detail in INTERRUPTED_NAMES
        return ("interrupted" if waits else "failure", code or detail or "failed", detail)
    if operation == "UserLoggedIn":
        code = clean(error)
        if code is None or code == "0":
            return "success", None, None
        # The record states a success; an interrupt's number only adds how it came about.
        return ("interrupted" if is_interrupted(code) else "success", code, clean(logon_error))
    lowered = (clean(result) or "").lower()
    if not lowered:
        return None, None, None
    if lowered in _SUCCEEDED:
        return "success", None, (result if lowered.startswith("partial") else None)
    if lowered in _FAILED or (lowered.isdecimal() and lowered.isascii()):
        return "failure", clean(result), clean(logon_error)
    # "New", "Submitted": words that the schema does not define.
    return None, None, clean(result)


def actor(
    user: str | None,
    key: str | None,
    user_type: str | None,
    owner: str | None,
    app: str | None,
    client_app: str | None,
    of_kind: str | None,
    acting: str | None,
) -> tuple[str | None, ...]:
    """Return account, account type, directory object id, application without user, and mailbox.

    In an app-only read, `UserKey` is the actor (user type 5), and `UserId` is the mailbox owner.
    """
    name, holder = clean(_person(user)), _mailbox_name(owner)
    key_text = clean(key)
    if user_type in APP_ONLY and of_kind in ("mail_access", "mail_action", "admin", "mail_rule"):
        application = identifier(client_app) or _guid(key_text) or identifier(app)
        if application:
            return application, "service", None, application, holder or _mailbox_name(user)
    if name is None:
        application = _guid(key_text) if user_type in ("5", "6", "Application", "ServicePrincipal") else None
        if application:
            return application, "service", None, application, holder
        return None, None, _guid(key_text), None, holder
    if name.lower().startswith("serviceprincipal_"):
        application = identifier(acting) or name[17:].lower()
        return application, "service", name[17:].lower(), application, holder
    is_address = _UPN.fullmatch(name) is not None
    if user_type in _APPLICATIONS and not is_address:
        # An application's name proves nothing, because anybody can choose it.
        application = _guid(name.lower()) or _guid(key_text) or _guid(client_app) or _guid(app)
        if application or not (_SYSTEM.search(name) and _is_reserved_key(key_text, name)):
            return application or name.lower(), "service", None, application, holder
    if _SYSTEM.search(name) or (not is_address and _is_provider(user_type, key_text)):
        return name.lower(), "system", None, None, holder
    return name.lower(), "user", _guid(key_text), None, holder


def _person(user: str | None) -> str | None:
    """Return a user's name without SharePoint's prefix; None for the user of an anonymous link."""
    if user is None or _ANONYMOUS.search(user.strip()):
        return None
    return _GUEST.sub("", user.strip())


def _is_provider(user_type: str | None, key: str | None) -> bool:
    """Return whether the user type or key is one that only Microsoft's data centre has."""
    return user_type in ("3", "DcAdmin") or (key is not None and _SYSTEM_KEY.search(key) is not None)


def _is_reserved_key(key: str | None, name: str) -> bool:
    """Return whether the key belongs to no application: a Windows key, a SharePoint claim, or the reserved name itself."""
    return key is not None and (key == name or key.lower().startswith(("s-1-", "i:0")))


def is_alert(user: str | None) -> bool:
    """Return whether a record is a Microsoft alert, whose user is no person."""
    return user is not None and user.strip().lower() == _ALERTS


def find_alerted_person(record: str | None) -> str | None:
    """Return the one person whom an alert's JSON names as its user; None for none or several.

    The fields are `EntityType` and `AlertEntityId`, else the same in `Data` (`etype`, `eid`; `f3u`: the first users of a
    summarising alert). Senders and recipients of mail are ignored: the alert does not describe their actions.
    """
    whole = read_structure(record)
    whole = whole if isinstance(whole, dict) else {}
    data = read_structure(whole.get("Data"))
    data = data if isinstance(data, dict) else {}
    for kind_of, name in (
        (whole.get("EntityType"), whole.get("AlertEntityId")),
        (data.get("etype"), data.get("eid")),
    ):
        if isinstance(kind_of, str) and kind_of.lower() == "user" and isinstance(name, str):
            found = _mailbox_name(name)
            if found:
                return found
    first = data.get("f3u")
    return _mailbox_name(first) if isinstance(first, str) else None


def _guid(text: str | None) -> str | None:
    lowered = (text or "").lower()
    return lowered if _GUID.fullmatch(lowered) and lowered != _ZERO_GUID else None


def _mailbox_name(text: str | None) -> str | None:
    lowered = (clean(text) or "").lower()
    return lowered if _UPN.fullmatch(lowered) else None


def acting_application(actors: str | None) -> str | None:
    """Return the application id among a directory record's `Actor` entries, if a service principal acted."""
    entries = read_structure(actors)
    if not isinstance(entries, list):
        return None
    texts = [str(entry.get("ID") or "") for entry in entries if isinstance(entry, dict)]
    if "ServicePrincipal" not in texts:
        return None
    own = {text[17:].lower() for text in texts if text.startswith("ServicePrincipal_")}
    for text in texts:
        if _GUID.fullmatch(text.lower()) and text.lower() not in own:
            return text.lower()
    return next(iter(sorted(own)), None)


def find_acting_user(actors: str | None, account: str | None) -> tuple[str | None]:
    """Return the object id that a record's `Actor` entries state beside the account's own name.

    Type 0 is the id in a sign-in; in a change of the directory it follows `User_`.
    """
    entries = read_structure(actors)
    found = [
        (str(entry.get("ID") or "").lower(), str(entry.get("Type")))
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
    ]
    if account is None or all(name != account for name, _ in found):
        return (None,)
    stated = (
        _guid(name.removeprefix("user_")) for name, of in found if of == "0" or name.startswith("user_")
    )
    return (next(filter(None, stated), None),)


def admin_mailbox(
    object_id: str | None, parameters: str | None, of_kind: str | None, user: str | None
) -> tuple[str | None]:
    """Return the mailbox that an Exchange cmdlet concerned, if its identity looks like a UPN."""
    if of_kind not in ("admin", "mail_rule"):
        return (None,)
    bag = read_named_values(parameters)
    for candidate in (unquote(bag.get("Identity")), unquote(bag.get("Mailbox")), object_id):
        whose = (candidate or "").split(":\\", 1)[0]  # a folder's identity is like mara@example.org:\Calendar
        found = _mailbox_name(whose.rsplit("\\", 1)[0]) or _mailbox_name(whose.rsplit("/", 1)[-1])
        if found:
            return (found,)
    # A rule that names no mailbox is in the user's own.
    return (_mailbox_name(user) if of_kind == "mail_rule" else None,)


def target_application(object_id: str | None, of_kind: str | None) -> str | None:
    """Return the resource application of a sign-in."""
    return _guid(object_id) if of_kind == "sign_in" else None


def address(*spellings: str | None) -> tuple[str | None]:
    """Return the first of the texts that is an address."""
    for text in spellings:
        found = normalise_address(text)
        if found is not None:
            return (found,)
    return (None,)


def agent(
    user_agent: str | None,
    info: str | None,
    process: str | None,
    application: str | None,
    browser: str | None,
) -> tuple[str | None, str | None]:
    """Return the raw user agent for display, and the client that it reduces to."""
    raw = clean(user_agent) or clean(info) or clean(process)
    shown = clean(user_agent) or info_user_agent(info)
    return raw, reduce_client(shown, info, clean(process), identifier(application), browser)


def logon_type(logon: str | None, app_only: str | None) -> tuple[str | None]:
    """Return owner, admin, delegate, or application for an app-only read."""
    if app_only:
        return ("application",)
    return (_LOGON_TYPES.get((logon or "").lower()),)

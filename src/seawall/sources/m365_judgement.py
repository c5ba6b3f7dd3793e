"""What the values of a unified audit record mean: kind, status, actor, client. Pure functions of text.

Each is run once for each distinct combination of its arguments (see `distinct.py`).
"""

from __future__ import annotations

import re

from seawall.sources.addresses import normalise_address
from seawall.sources.clients import info_user_agent, reduce_client
from seawall.sources.json_values import encode, named_values, structure, unquoted
from seawall.sources.m365_fields import (
    ADMIN_RECORD_TYPE,
    DIRECTORY_RECORD_TYPE,
    FILE_RECORD_TYPES,
    MAIL_RECORD_TYPES,
    RECORD_TYPE_NAMES,
    SIGN_IN_RECORD_TYPE,
)
from seawall.sources.signin_codes import INTERRUPTED_NAMES, is_interrupted

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ZERO_GUID = "00000000-0000-0000-0000-000000000000"
_UPN = re.compile(r"[^\s@\\/,;<>\"]{1,128}@[^\s@\\/,;<>\"]{1,255}")
_NOBODY = frozenset({"", "not available", "not-found", "unknown", "null", "none", "anonymous", "n/a", "-"})
_SYSTEM = re.compile(
    r"(?i)nt authority\\|^s-1-5-(?:18|19|20)$|^system$|^s-1-0-0$|^nt service\\|^microsoft\\"
    r"|@[\w.-]*\.prod\.outlook\.com$"
    r"|^app@sharepoint$|^sharepoint\\system|^ffoservicepartneruser$|^threatintel$|^certificate$|^sid:system"
    r"|^microsoft (?:teams sync|exchange|office)"
)
_MAIL_ACCESS = frozenset({"MailItemsAccessed", "FolderBind", "MessageBind"})
_FOLDER_PERMISSIONS = frozenset({
    "AddFolderPermissions", "ModifyFolderPermissions", "RemoveFolderPermissions", "UpdateFolderPermissions",
    "UpdateCalendarDelegation",
})  # fmt: skip
_RULES = frozenset({"New-InboxRule", "Set-InboxRule", "UpdateInboxRules", "Enable-InboxRule"})
_FORWARDING = ("ForwardingSmtpAddress", "ForwardingAddress", "DeliverToMailboxAndForward")
_LOGON_TYPES = {
    "0": "owner", "1": "admin", "2": "delegate", "owner": "owner", "admin": "admin", "delegated": "delegate",
    "delegate": "delegate", "delegatedadmin": "admin", "3": "admin", "5": "admin", "6": "admin",
}  # fmt: skip


def clean(text: str | None) -> str | None:
    """Text without surrounding blanks; None for the spellings of nothing."""
    if text is None:
        return None
    text = text.strip()
    return None if text.lower() in _NOBODY else text


def identifier(text: str | None) -> str | None:
    """A GUID-like identifier in lower case; None for nothing and the all-zero GUID."""
    text = clean(text)
    if text is None:
        return None
    text = text.lower().strip("{}")
    return None if text == _ZERO_GUID else text


def record_type(value: str | None) -> str | None:
    """The record type as its number, whichever way it was spelled."""
    if value is None:
        return None
    return RECORD_TYPE_NAMES.get(value.lower(), value)


def kind(
    operation: str | None, record: str | None, workload: str | None, parameters: str | None
) -> tuple[str]:
    """The event's kind, see `schema.events.KINDS`."""
    name, number = operation or "", record_type(record)
    if name in _RULES:
        return ("mail_rule",)
    if name in _MAIL_ACCESS:
        return ("mail_access",)
    if name in _FOLDER_PERMISSIONS:
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
    return ("other",)


def _set_parameters(parameters: str | None) -> set[str]:
    # A forwarding parameter that is empty or false takes forwarding away; that is an administrative act.
    return {
        key
        for key, value in named_values(parameters).items()
        if unquoted(value) not in (None, "False", "false")
    }


def status(
    operation: str | None,
    result: str | None,
    error: str | None,
    logon_error: str | None,
    extended: str | None,
) -> tuple[str | None, str | None, str | None]:
    """Status, vendor's code (None for success) and its detail."""
    if operation == "UserLoginFailed":
        code = clean(error) if error != "0" else None
        detail = clean(logon_error) or clean(unquoted(named_values(extended).get("ResultStatusDetail")))
        waits = is_interrupted(code) or detail in INTERRUPTED_NAMES
        return ("interrupted" if waits else "failure", code or detail or "failed", detail)
    if operation == "UserLoggedIn":
        code = clean(error)
        if code is None or code == "0":
            return "success", None, None
        # The record says that the user is in; a number of an interrupt only tells how.
        return ("interrupted" if is_interrupted(code) else "success", code, clean(logon_error))
    lowered = (clean(result) or "").lower()
    if not lowered:
        return None, None, None
    if lowered in ("succeeded", "success", "true", "partiallysucceeded", "partialsuccess", "0"):
        return "success", None, (result if lowered.startswith("partial") else None)
    return "failure", clean(result), clean(logon_error)


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
    """Account, account type, directory object id, app-only application, mailbox.

    In an app-only read the actor is `UserKey` (user type 5) and `UserId` the owner of the mailbox.
    """
    name, holder = clean(user), _mailbox_name(owner)
    key_text = clean(key)
    if user_type in ("5", "Application") and of_kind in ("mail_access", "mail_action", "admin", "mail_rule"):
        application = identifier(client_app) or _guid(key_text) or identifier(app)
        if application:
            return application, "service", None, application, holder or _mailbox_name(user)
    if name is None:
        application = _guid(key_text) if user_type in ("5", "6", "Application", "ServicePrincipal") else None
        if application:
            return application, "service", None, application, holder
        return None, None, _guid(key_text), None, holder
    if _SYSTEM.search(name) or (user_type in ("3", "DcAdmin") and not _UPN.fullmatch(name)):
        return name.lower(), "system", None, None, holder
    if name.lower().startswith("serviceprincipal_"):
        application = identifier(acting) or name[17:].lower()
        return application, "service", name[17:].lower(), application, holder
    if user_type in ("5", "6") and not _UPN.fullmatch(name):
        application = _guid(name.lower()) or _guid(key_text)
        if application:
            return application, "service", None, application, holder
        return name.lower(), "system", None, None, holder
    return name.lower(), "user", _guid(key_text), None, holder


def _guid(text: str | None) -> str | None:
    lowered = (text or "").lower()
    return lowered if _GUID.fullmatch(lowered) and lowered != _ZERO_GUID else None


def _mailbox_name(text: str | None) -> str | None:
    lowered = (clean(text) or "").lower()
    return lowered if _UPN.fullmatch(lowered) else None


def acting_application(actors: str | None) -> str | None:
    """The application id among a directory record's `Actor` entries, when a service principal acted."""
    entries = structure(actors)
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


def admin_mailbox(
    object_id: str | None, parameters: str | None, of_kind: str | None, user: str | None
) -> tuple[str | None]:
    """The mailbox an Exchange cmdlet was for, when its identity looks like a UPN."""
    if of_kind not in ("admin", "mail_rule"):
        return (None,)
    bag = named_values(parameters)
    for candidate in (unquoted(bag.get("Identity")), unquoted(bag.get("Mailbox")), object_id):
        found = _mailbox_name((candidate or "").rsplit("\\", 1)[0]) or _mailbox_name(
            (candidate or "").rsplit("/", 1)[-1]
        )
        if found:
            return (found,)
    # A rule without another mailbox's name is the holder's own.
    return (_mailbox_name(user) if of_kind == "mail_rule" else None,)


def target_application(object_id: str | None, of_kind: str | None) -> str | None:
    """The resource application that a sign-in was for."""
    return _guid(object_id) if of_kind == "sign_in" else None


def address(*spellings: str | None) -> tuple[str | None]:
    """The first of the spellings that is an address."""
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
    """The raw user agent for display, and the client it reduces to."""
    raw = clean(user_agent) or clean(info) or clean(process)
    shown = clean(user_agent) or info_user_agent(info)
    return raw, reduce_client(shown, info, clean(process), identifier(application), browser)


def extended(text: str | None) -> tuple[str | None, str | None, str | None]:
    """User agent, request type and authentication method number of a sign-in's ExtendedProperties."""
    bag = named_values(text)
    details = named_values(bag.get("additionalDetails"))
    user_agent = unquoted(bag.get("UserAgent")) or unquoted(details.get("User-Agent"))
    return user_agent, unquoted(bag.get("RequestType")), unquoted(bag.get("UserAuthenticationMethod"))


def device(text: str | None) -> tuple[str | None, str | None, str | None]:
    """Device id, session id and browser name of a sign-in's DeviceProperties."""
    bag = named_values(text)
    return (
        identifier(unquoted(bag.get("Id"))),
        unquoted(bag.get("SessionId")),
        unquoted(bag.get("BrowserType")),
    )


def request(
    request_type: str | None, method: str | None, of_kind: str | None
) -> tuple[str | None, str | None]:
    """Authentication method and protocol of a `UserLoggedIn` record."""
    if of_kind != "sign_in":
        return None, None
    lowered = (request_type or "").lower()
    protocol = None
    if "devicecode" in lowered or "cmsi" in lowered or "deviceauth" in lowered:
        protocol = "device_code" if "cmsi" not in lowered else None
    elif "saml" in lowered:
        protocol = "saml"
    elif "ropc" in lowered or "resourceowner" in lowered:
        protocol = "ropc"
    elif lowered.startswith("oauth2:") or "token" in lowered:
        protocol = "oauth"
    # The number is a bit field without public documentation; 1 is a password by every account of it.
    return ("password" if method == "1" else None), protocol


def access(properties: str | None) -> tuple[str | None, float | None]:
    """`bind` or `sync`, and whether the record was throttled (1.0, 0.0 or None)."""
    bag = named_values(properties)
    kind_of_access = (unquoted(bag.get("MailAccessType")) or "").lower() or None
    throttled = (unquoted(bag.get("IsThrottled")) or "").lower()
    return kind_of_access, {"true": 1.0, "false": 0.0}.get(throttled)


def throttled(properties: str | None) -> tuple[float | None]:
    """Whether the record was throttled, as a number."""
    return (access(properties)[1],)


def logon_type(logon: str | None, app_only: str | None) -> tuple[str | None]:
    """owner, admin, delegate, or application for an app-only read."""
    if app_only:
        return ("application",)
    return (_LOGON_TYPES.get((logon or "").lower()),)


def change(
    operation: str | None,
    of_kind: str | None,
    parameters: str | None,
    modified: str | None,
    target: str | None,
    item: str | None,
) -> tuple[str | None]:
    """The JSON object of an admin, rule or directory record: parameter or property name to new value."""
    if of_kind not in ("admin", "mail_rule", "directory"):
        return (None,)
    found: dict[str, str | None] = {
        name: unquoted(value) for name, value in named_values(parameters).items() if name != "Actions"
    }
    properties = structure(modified)
    for entry in properties if isinstance(properties, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("Name"), str):
            found[entry["Name"]] = unquoted(entry.get("NewValue"))
    if isinstance(properties, dict):
        for name, value in properties.items():
            found[name] = unquoted(value.get("NewValue") if isinstance(value, dict) else value)
    if operation in _FOLDER_PERMISSIONS or operation == "UpdateInboxRules":
        inside = structure(item)
        folder = inside.get("ParentFolder") if isinstance(inside, dict) else None
        for name, value in (folder if isinstance(folder, dict) else {}).items():
            found[name] = unquoted(value)
    names = _target_names(target)
    if names and of_kind == "directory":
        found["Target"] = "; ".join(names)
    return (encode(found) if found else None,)


def _target_names(target: str | None) -> list[str]:
    entries = structure(target)
    names = []
    for entry in entries if isinstance(entries, list) else ():
        text = entry.get("ID") if isinstance(entry, dict) else None
        # 1 is a display name, 5 a UPN; the others are ids and the words User, Group, ServicePrincipal.
        if isinstance(text, str) and str(entry.get("Type")) in ("1", "5"):
            names.append(text)
    return names


def folder(folders_path: str | None, item: str | None, folder_text: str | None) -> tuple[str | None]:
    """The path (or name) of the folder touched first."""
    if clean(folders_path):
        return (clean(folders_path),)
    inside = structure(folder_text)
    if not isinstance(inside, dict):
        whole = structure(item)
        inside = whole.get("ParentFolder") if isinstance(whole, dict) else None
    if not isinstance(inside, dict):
        return (None,)
    for name in ("Path", "Name"):
        text = inside.get(name)
        if isinstance(text, str) and clean(text):
            return (clean(text),)
    return (None,)

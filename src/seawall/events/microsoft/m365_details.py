"""Interpret nested fields of a unified audit record: sign-in properties, mail access, changes, folders.

Pure functions of text that run once for each distinct combination of arguments (see `distinct_values`).
"""

from __future__ import annotations

from seawall.events.formats.json_values import encode, read_named_values, read_structure, unquote
from seawall.events.microsoft import forwarding
from seawall.events.microsoft.additions import ADDED, find_added
from seawall.events.microsoft.m365_fields import FOLDER_PERMISSIONS
from seawall.events.microsoft.m365_meanings import clean, identifier


def read_extended(text: str | None) -> tuple[str | None, str | None, str | None]:
    """Return user agent, request type and authentication method number of a sign-in's ExtendedProperties."""
    bag = read_named_values(text)
    details = read_named_values(bag.get("additionalDetails"))
    user_agent = unquote(bag.get("UserAgent")) or unquote(details.get("User-Agent"))
    return user_agent, unquote(bag.get("RequestType")), unquote(bag.get("UserAuthenticationMethod"))


def read_device(text: str | None) -> tuple[str | None, str | None, str | None]:
    """Return device id, session id and browser name of a sign-in's DeviceProperties."""
    bag = read_named_values(text)
    return (
        identifier(unquote(bag.get("Id"))),
        unquote(bag.get("SessionId")),
        unquote(bag.get("BrowserType")),
    )


def read_request(
    request_type: str | None, method: str | None, of_kind: str | None
) -> tuple[str | None, str | None]:
    """Return authentication method and protocol of a `UserLoggedIn` record."""
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
    # The number is an undocumented bit field; all descriptions agree that 1 is a password.
    return ("password" if method == "1" else None), protocol


def read_access(properties: str | None) -> tuple[str | None, float | None]:
    """Return `bind` or `sync`, and whether the record was throttled (1.0, 0.0 or None)."""
    bag = read_named_values(properties)
    kind_of_access = (
        unquote(bag.get("MailAccessType") or bag.get("AttachmentAccessType")) or ""
    ).lower() or None
    throttled = (unquote(bag.get("IsThrottled")) or "").lower()
    return kind_of_access, {"true": 1.0, "false": 0.0}.get(throttled)


def is_throttled(properties: str | None) -> tuple[float | None]:
    """Return whether the record was throttled (1.0, 0.0 or None)."""
    return (read_access(properties)[1],)


def read_change(
    operation: str | None,
    of_kind: str | None,
    parameters: str | None,
    modified: str | None,
    target: str | None,
    item: str | None,
    operation_properties: str | None = None,
    own_domains: str | None = None,
) -> tuple[str | None]:
    """Return the JSON object of an admin, rule or directory record: new value by parameter or property name.

    `own_domains` are the domains that `forwarding.own_domains` returns.
    """
    if of_kind not in ("admin", "mail_rule", "directory"):
        return (None,)
    found: dict[str, str | None] = {
        name: unquote(value) for name, value in read_named_values(parameters).items() if name != "Actions"
    }
    properties = read_structure(modified)
    entries = [
        entry
        for entry in (properties if isinstance(properties, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("Name"), str)
    ]
    for entry in entries:
        found[entry["Name"]] = unquote(entry.get("NewValue"))
    if of_kind == "directory":
        gained = find_added(
            (entry["Name"], entry.get("OldValue"), entry.get("NewValue")) for entry in entries
        )
        found |= {ADDED: gained} if gained else {}
    if isinstance(properties, dict):
        for name, value in properties.items():
            found[name] = unquote(value.get("NewValue") if isinstance(value, dict) else value)
    if operation == "UpdateInboxRules":
        # Only these properties contain the rule's actions.
        found |= {name: unquote(value) for name, value in read_named_values(operation_properties).items()}
    if operation in FOLDER_PERMISSIONS or operation == "UpdateInboxRules":
        inside = read_structure(item)
        folder = inside.get("ParentFolder") if isinstance(inside, dict) else None
        for name, value in (folder if isinstance(folder, dict) else {}).items():
            found[name] = unquote(value)
    if operation in forwarding.OPERATIONS:
        found = forwarding.with_target(operation, found, own_domains)
    names = _target_names(target)
    if names and of_kind == "directory":
        found["Target"] = "; ".join(names)
    return (encode(found) if found else None,)


def _target_names(target: str | None) -> list[str]:
    entries = read_structure(target)
    names = []
    for entry in entries if isinstance(entries, list) else ():
        text = entry.get("ID") if isinstance(entry, dict) else None
        # Type 1 is a display name, 5 a UPN; others are ids or the words User, Group, ServicePrincipal.
        if isinstance(text, str) and str(entry.get("Type")) in ("1", "5"):
            names.append(text)
    return names


def read_folder(folders_path: str | None, item: str | None, folder_text: str | None) -> tuple[str | None]:
    """Return the path (or name) of the folder touched first."""
    if clean(folders_path):
        return (clean(folders_path),)
    inside = read_structure(folder_text)
    if not isinstance(inside, dict):
        whole = read_structure(item)
        inside = whole.get("ParentFolder") if isinstance(whole, dict) else None
    if not isinstance(inside, dict):
        return (None,)
    for name in ("Path", "Name"):
        text = inside.get(name)
        if isinstance(text, str) and clean(text):
            return (clean(text),)
    return (None,)

"""Interpret a request to Microsoft Graph: what it does, to which mailbox, and how many messages it reads.

`reduce_request` makes a short text of an address, with a star for each identifier except that of a mailbox. Such texts
repeat, so `read_request` runs once for each of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

VERSIONS = ("v1.0", "beta")
OWNERS = "users"
MAIL_LETTERS = "ms"
"""What names of mail begin with: `messages`, `mailFolders`, `sendMail`. Before such a name, a user's id is kept."""
LONGEST_PART = 200
"""Longest kept part of the path, in bytes."""
LONGEST_NAME = 40
MOST_PARTS = 8
NAMESPACE = "microsoft.graph."
"""Prefix of actions and functions that callers may add."""

_SCHEMES = ("http://", "https://")
_NAME = re.compile(rf"[A-Za-z$]{{1,{LONGEST_NAME}}}|[A-Za-z]{{1,11}}2[A-Za-z]{{1,20}}", re.ASCII)
"""Matches names of resources and actions: letters; some contain a 2, as in `oauth2PermissionGrants`."""
_SEARCH = re.compile(r"(?i)(?:\$|%24)search=", re.ASCII)
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UPN = re.compile(r"[^\s@\\/,;<>\"]{1,128}@[^\s@\\/,;<>\"]{1,255}")
_KEY = re.compile(r"([A-Za-z$2]+)\('?([^')]*)'?\)")
_LEGACY_VERSION = "v2"

READS = frozenset({"GET", "HEAD"})
WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_FOLDERS = frozenset({"mailfolders", "childfolders"})
_PEOPLE = frozenset({"me", "users"})
_FILES = frozenset({"drive", "drives", "sites", "shares"})
_DIRECTORY = frozenset({
    "administrativeunits", "agreements", "applications", "applicationtemplates", "certificatebasedauthconfiguration",
    "contracts", "devices", "directory", "directoryobjects", "directoryroles", "directoryroletemplates", "domains",
    "grouplifecyclepolicies", "groups", "groupsettings", "identity", "identitygovernance", "identityprotection",
    "identityproviders", "invitations", "me", "oauth2permissiongrants", "organization", "policies", "rolemanagement",
    "serviceprincipals", "tenantdetails", "tenantrelationships", "users",
})  # fmt: skip
"""Resources whose changes are changes of the directory, in lower case."""
_NO_DIRECTORY = frozenset({
    "activities", "calendar", "calendargroups", "calendars", "calendarview", "chats", "checkmembergroups",
    "checkmemberobjects", "cloudclipboard", "cloudpcs", "contactfolders", "contacts", "conversations", "events",
    "evaluateapplications", "findmeetingtimes", "followedsites", "getbyids", "getmailtips", "getmembergroups",
    "getmemberobjects", "getschedule", "inferenceclassification", "insights", "joinedteams", "notifications", "onenote",
    "onlinemeetings", "outlook", "people", "photo", "planner", "presence", "settings", "team", "teamwork", "threads",
    "todo", "translateexchangeids", "validateproperties",
})  # fmt: skip
"""Parts of a person or group that are no part of the directory, and actions that only read."""


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """Hold what a request does.

    `mailbox` is an object id or address in lower case, "" for the caller's own, None if no mailbox is concerned.
    `items` is the number of messages, None if none are concerned.
    """

    kind: str
    operation: str
    mailbox: str | None = None
    folder: str | None = None
    access_type: str | None = None
    items: int | None = None


def reduce_request(uri: str) -> str:
    """Return the path of an address with a star for each identifier, and `?search` if the request searches.

    A path with the version of the interface begins with a slash; one of the legacy Azure AD Graph does not.
    """
    path, _, query = uri.partition("?")
    if path[:8].lower().startswith(_SCHEMES):
        path = path.partition("://")[2].partition("/")[2]
    parts = [part for part in path.split("/") if part]
    is_versioned = bool(parts) and parts[0].lower() in VERSIONS
    reduced = "/".join(_reduce_parts(parts[is_versioned:], is_versioned=is_versioned))
    return ("/" if is_versioned else "") + reduced + ("?search" if _SEARCH.search(query) else "")


def _reduce_parts(parts: list[str], *, is_versioned: bool) -> list[str]:
    reduced: list[str] = []
    is_inside = False
    for place, part in enumerate(parts):
        if is_inside:
            is_inside = not part.endswith(":")
            continue
        if len(reduced) == MOST_PARTS:
            break
        if not reduced or (len(reduced) == 1 and _keeps_second(parts, place, is_versioned=is_versioned)):
            reduced.append(part if part.isascii() and len(part) <= LONGEST_PART else "*")
            continue
        is_inside = part.endswith(":")
        reduced.append(_reduce_part(part))
    return reduced


def _keeps_second(parts: list[str], place: int, *, is_versioned: bool) -> bool:
    """Return whether the second part of a path is kept: a user's id before names of mail, the tenant of the legacy interface."""
    part = parts[place]
    if "(" in part or part.endswith(":"):
        return False
    follows = parts[place + 1] if place + 1 < len(parts) else ""
    return not is_versioned or (parts[0].lower() == OWNERS and follows[:1].lower() in tuple(MAIL_LETTERS))


def _reduce_part(part: str) -> str:
    part = part.removeprefix(NAMESPACE)
    if part.endswith(":"):
        return part if _NAME.fullmatch(part, 0, len(part) - 1) else "*:"
    name, opened, inner = part.partition("(")
    if not _NAME.fullmatch(name):
        return "*"
    if not opened:
        return name
    is_key = inner.startswith("'") or (inner not in ("", ")") and "=" not in inner)
    return f"{name}(*)" if is_key else f"{name}()"


def read_request(method: str | None, reduced: str | None) -> GraphRequest:
    """Return what a request does, from its method and its reduced address."""
    verb = (method or "").strip().upper()[:16]
    path, _, search = (reduced or "").partition("?")
    is_legacy = not path.startswith("/")
    parts = _split_keys([part for part in path.split("/") if part])
    if is_legacy:
        parts = parts[1:] if parts and parts[0].lower() == _LEGACY_VERSION else parts
        parts = parts[1:]  # the tenant
    names = [_name_part(part, before) for part, before in zip(parts, ["", *parts], strict=False)]
    operation = " ".join(filter(None, (verb, "/" + "/".join(names) if names else "")))
    operation += "?$search" if search else ""
    return _interpret(verb, parts, operation or "request")


def _split_keys(parts: list[str]) -> list[str]:
    """Write a key in brackets, as in `messages('AAMk')`, as a part of its own, and functions without their arguments."""
    found: list[str] = []
    for part in parts:
        part = part.removeprefix(NAMESPACE)
        key = _KEY.fullmatch(part)
        if key is None:
            found.append(part)
        elif key[2] and "=" not in key[2]:
            found += key.groups()
        else:
            found.append(key[1])
    return found


def _name_part(part: str, before: str) -> str:
    """Return a part of the path as an operation spells it: a resource or action by its name, a key as `{id}`."""
    is_folder = before.lower() in _FOLDERS and part not in ("delta", "$count")
    return part if not is_folder and _NAME.fullmatch(part.rstrip(":")) else "{id}"


def _is_identifier(part: str) -> bool:
    lowered = part.lower()
    return _GUID.fullmatch(lowered) is not None or _UPN.fullmatch(lowered) is not None


def _interpret(verb: str, parts: list[str], operation: str) -> GraphRequest:
    names = [part.lower() for part in parts]
    first = names[0] if names else ""
    if first in _PEOPLE:
        whose, rest = ("", names[1:]) if first == "me" else (_find_person(names[1:2]), names[2:])
        found = _interpret_mail(verb, whose, rest, operation)
        if found is not None:
            return found
        if rest[:1] and rest[0] in _FILES:
            return GraphRequest("file", operation)
    if first in _FILES or (first == "groups" and names[2:3] and names[2] in _FILES):
        return GraphRequest("file", operation)
    if names[:3] == ["admin", "exchange", "mailboxes"] and (
        names[-1] == "exportitems" or names[-1] == "items"
    ):
        return GraphRequest("mail_access", operation, access_type="sync", items=0)
    if verb in WRITES and first in _DIRECTORY and _NO_DIRECTORY.isdisjoint(names[1:]):
        return GraphRequest("directory", operation)
    return GraphRequest("admin" if verb in WRITES and first == "admin" else "other", operation)


def _find_person(names: list[str]) -> str | None:
    name = unquote(names[0]).lower() if names else ""
    return name if _is_identifier(name) and name.isprintable() else None


def _interpret_mail(verb: str, whose: str | None, rest: list[str], operation: str) -> GraphRequest | None:
    """Return what a request does to a mailbox; None if it concerns none."""
    area = rest[0] if rest else ""
    if area == "sendmail" and verb == "POST":
        return GraphRequest("mail_action", operation, whose, items=1)
    if area == "mailboxsettings" and verb in WRITES:
        return GraphRequest("admin", operation, whose)
    if area == "mailfolders":
        folder = rest[1] if len(rest) > 1 and rest[1] != "*" and _NAME.fullmatch(rest[1]) else None
        return _interpret_folder(verb, whose, folder, rest[1:], operation)
    if area == "messages":
        return _interpret_messages(verb, whose, None, rest[1:], operation)
    return None


def _interpret_folder(
    verb: str, whose: str | None, folder: str | None, rest: list[str], operation: str
) -> GraphRequest:
    if "messagerules" in rest:
        return GraphRequest("mail_rule" if verb in WRITES else "other", operation, whose)
    if "messages" in rest:
        return _interpret_messages(verb, whose, folder, rest[rest.index("messages") + 1 :], operation)
    return GraphRequest("mail_action" if verb in WRITES else "other", operation, whose, folder)


def _interpret_messages(
    verb: str, whose: str | None, folder: str | None, rest: list[str], operation: str
) -> GraphRequest:
    if verb in READS:
        is_one = bool(rest) and rest[0] not in ("delta", "$count")
        if rest[:1] == ["$count"]:
            return GraphRequest("other", operation, whose, folder)
        kind_of = ("bind", 1) if is_one else ("sync", 0)
        return GraphRequest("mail_access", operation, whose, folder, *kind_of)
    if verb in WRITES:
        return GraphRequest("mail_action", operation, whose, folder, items=1)
    return GraphRequest("other", operation, whose, folder)

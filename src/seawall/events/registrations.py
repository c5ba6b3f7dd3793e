"""Read the registered methods of accounts: Entra `userRegistrationDetails`, Google users, Okta factors.

The format is detected from the fields. An object of no known format becomes a problem.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from seawall.events.access_policy import Registration, System
from seawall.events.formats.field_capitals import spellings
from seawall.events.formats.json_values import as_text, encode, read_structure
from seawall.events.masked_excerpts import record_problem
from seawall.events.method_names import SILENT, name_method, plain
from seawall.events.problem import Problem
from seawall.events.sign_in_methods import is_second_factor
from seawall.events.small_exports import ExportedObject, objects

_MOST_METHODS = 64
_LONGEST = 320
_SPLIT = re.compile(r"[;,|]\s*")


def read_registrations(paths: Sequence[Path]) -> tuple[list[Registration], list[Problem]]:
    """Return all registrations under the paths, merged by account and system, and problems."""
    found: dict[tuple[str, str], Registration] = {}
    problems: list[Problem] = []
    for item in objects(paths):
        if isinstance(item, Problem):
            problems.append(item)
            continue
        one = registration(item)
        if one is None:
            problems.append(
                record_problem(
                    item.file, item.place, "not-a-log", "no account with sign-in methods is in it",
                    text=encode(item.value)[:400],
                )
            )  # fmt: skip
            continue
        key = (one.system, one.account)
        found[key] = _join(found[key], one) if key in found else one
    return [found[key] for key in sorted(found)], problems


def registration(item: ExportedObject) -> Registration | None:
    """Return the registration in one object, or None if it has no known format."""
    value = {plain(str(key)): inner for key, inner in item.value.items()}
    if "methodsregistered" in value or "ismfacapable" in value or "ismfaregistered" in value:
        return _entra(value, item.where)
    if any(key in value for key in ("isenrolledin2sv", "isenforcedin2sv")) or any(
        key.startswith("2sv") for key in value
    ):
        return _google(value, item.where)
    if "factortype" in value or "factors" in value or any(key.startswith("factor") for key in value):
        return _okta(value, item.where)
    return None


def _entra(value: dict[str, Any], where: str) -> Registration | None:
    account = _name(value, "userprincipalname", "upn", "username")
    if account is None:
        return None
    listed = [*_texts(value.get("methodsregistered")), *_texts(value.get("methods"))]
    known, unknown = _methods(listed)
    kind = (as_text(value.get("usertype")) or "").lower()
    return Registration(
        account, "entra", known, (as_text(value.get("id")) or "").lower()[:_LONGEST],
        is_admin=_flag(value.get("isadmin")),
        is_guest=kind == "guest" if kind in ("guest", "member") else None,
        can_mfa=_flag(value.get("ismfacapable"))
        if _flag(value.get("ismfacapable")) is not None
        else _flag(value.get("ismfaregistered")),
        unknown_methods=unknown, where=where,
    )  # fmt: skip


def _google(value: dict[str, Any], where: str) -> Registration | None:
    account = _name(
        value, "primaryemail", "emailaddressrequired", "emailaddress", "email", "user", "username"
    )
    if account is None:
        return None
    enrolled = _flag(_first(value, "isenrolledin2sv", "2svenrolledreadonly", "2svenrolled", "2svenrollment"))
    enforced = _flag(_first(value, "isenforcedin2sv", "2svenforcedreadonly", "2svenforced", "2svenforcement"))
    keys = as_text(_first(value, "securitykeysreadonly", "numsecuritykeys", "securitykeys")) or "0"
    methods = ["password"] + (["second_factor"] if enrolled else [])
    if keys.isdigit() and int(keys[:6]) > 0:
        methods.append("security_key")
    status = (as_text(_first(value, "suspended", "statusreadonly", "newstatusuploadonly")) or "").lower()
    return Registration(
        account, "google", tuple(methods), (as_text(value.get("id")) or "").lower()[:_LONGEST],
        is_admin=_either(_flag(value.get("isadmin")), _flag(value.get("isdelegatedadmin"))),
        is_enforced=enforced, is_disabled=status in ("true", "suspended"), can_mfa=enrolled, where=where,
    )  # fmt: skip


def _okta(value: dict[str, Any], where: str) -> Registration | None:
    inner = value.get("factors", value.get("factortypes"))
    factors: list[Any] = inner if isinstance(inner, list) else [value]
    profile = read_structure(value.get("profile"))
    own = spellings(tuple(profile)) if isinstance(profile, dict) else {}
    account = _name(value, "login", "userlogin", "username", "user", "email", "useremail") or (
        _text_name(profile[own["login"]]) if isinstance(profile, dict) and "login" in own else None
    )
    account = account or _list_embedded(value)
    if account is None:
        return None
    if isinstance(inner, str):
        factors = _SPLIT.split(inner)
    words, keys = [], list[tuple[str, str]]()
    for factor in factors[:_MOST_METHODS]:
        if isinstance(factor, dict):
            named_by = {plain(str(key)): entry for key, entry in factor.items()}
            if (
                as_text(named_by.get("status", named_by.get("factorstatus"))) or "ACTIVE"
            ).upper() != "ACTIVE":
                continue
            words.append(_okta_word(named_by))
            keys += _keys(read_structure(named_by.get("profile")))
        elif isinstance(factor, str):
            words.append(factor)
    known, unknown = _methods(words)
    known = tuple(dict.fromkeys(("password", *known)))
    return Registration(
        account, "okta", known, (as_text(value.get("userid")) or "").lower()[:_LONGEST],
        can_mfa=is_second_factor(known) or (None if unknown else False),
        unknown_methods=unknown, keys=tuple(keys), where=where,
    )  # fmt: skip


def _okta_word(factor: dict[str, Any]) -> str:
    kind = as_text(factor.get("factortype", factor.get("type"))) or ""
    provider = (as_text(factor.get("provider")) or "").upper()
    # A signed nonce is Okta FastPass. For a generic token, the provider tells the kind.
    return "hardwareoath" if kind.startswith("token") and provider in ("RSA", "SYMANTEC", "YUBICO") else kind


def _list_embedded(value: dict[str, Any]) -> str | None:
    """Return the user of a factor, from what Okta embeds or links."""
    for holder in (value.get("embedded"), value.get("links")):
        user = read_structure(holder).get("user") if isinstance(read_structure(holder), dict) else None
        profile = user.get("profile") if isinstance(user, dict) else None
        if isinstance(profile, dict) and (name := _text_name(profile.get("login"))):
            return name
        link = user.get("href") if isinstance(user, dict) else None
        if isinstance(link, str) and link.rstrip("/").rpartition("/")[2]:
            return link.rstrip("/").rpartition("/")[2].lower()[:_LONGEST]
    return None


def _keys(profile: Any) -> Iterator[tuple[str, str]]:
    """Yield phone numbers and devices as hashes, with the few characters that may be shown."""
    if not isinstance(profile, dict):
        return
    names = spellings(tuple(profile))
    for kind, field in (("phone", "phonenumber"), ("device", "devicetoken")):
        if field in names and (text := as_text(profile[names[field]])):
            yield shared_key(kind, text)


def shared_key(kind: str, text: str) -> tuple[str, str]:
    """Return a hash of a phone number or device, and a text for it that does not reveal it."""
    told = re.sub(r"[^0-9a-z+]", "", text.lower()) if kind == "phone" else text.strip()
    digest = hashlib.blake2b(f"{kind}:{told}".encode("utf-8", "replace"), digest_size=12).hexdigest()
    return digest, f"{kind} …{told[-2:]}" if kind == "phone" else f"{kind} {digest[:8]}"


def _methods(texts: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    known: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for text in texts:
        if plain(text) in SILENT:
            continue
        method = name_method(text)
        if method is not None:
            known[method.name] = None
        else:
            unknown[text[:80]] = None
    return tuple(known), tuple(unknown)


def _join(first: Registration, more: Registration) -> Registration:
    """Merge two exports of one account."""
    return Registration(
        first.account, first.system, tuple(dict.fromkeys(first.methods + more.methods)), first.uid or more.uid,
        is_admin=_either(first.is_admin, more.is_admin), is_guest=_either(first.is_guest, more.is_guest),
        is_enforced=_either(first.is_enforced, more.is_enforced),
        is_disabled=first.is_disabled or more.is_disabled, can_mfa=_either(first.can_mfa, more.can_mfa),
        unknown_methods=tuple(dict.fromkeys(first.unknown_methods + more.unknown_methods)),
        keys=tuple(dict.fromkeys(first.keys + more.keys)), where=first.where,
    )  # fmt: skip


def _either(first: bool | None, second: bool | None) -> bool | None:
    if first is None or second is None:
        return first if second is None else second
    return first or second


def _texts(value: Any) -> list[str]:
    value = read_structure(value)
    if isinstance(value, list):
        return [text for item in value[:_MOST_METHODS] if isinstance(text := as_text(item), str)]
    text = as_text(value)
    return _SPLIT.split(text)[:_MOST_METHODS] if text else []


def _first(value: dict[str, Any], *names: str) -> Any:
    return next((value[name] for name in names if value.get(name) is not None), None)


def _name(value: dict[str, Any], *names: str) -> str | None:
    return next((found for name in names if (found := _text_name(value.get(name)))), None)


def _text_name(value: Any) -> str | None:
    return value.strip().lower()[:_LONGEST] or None if isinstance(value, str) else None


def _flag(value: Any) -> bool | None:
    text = (as_text(value) or "").strip().lower()
    if text in ("true", "yes", "1", "enrolled", "enforced", "on", "capable"):
        return True
    return (
        False if text in ("false", "no", "0", "not enrolled", "not enforced", "off", "notcapable") else None
    )


__all__ = ["Registration", "System", "read_registrations", "registration", "shared_key"]

"""Convert subject identifiers (RFC 9493, Shared Signals, CAEP) to the names in tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seawall_tokens.signals.event_token import SignalRefused

MOST_IDENTIFIERS = 16
"""Maximum identifiers of one subject."""
LONGEST_NAME = 1024

Resolver = Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]
"""Function from a subject identifier to (issuer, `sub`) of its accounts, for organisations that can look them up."""

_COMPLEX = ("user", "device", "session", "application", "tenant", "org_unit", "group")


@dataclass(slots=True)
class Subjects:
    """The names in an event, each with its issuer; `unresolved` are formats that name nothing in a token."""

    accounts: set[tuple[str, str]] = field(default_factory=set)
    sessions: set[tuple[str, str]] = field(default_factory=set)
    token_ids: set[tuple[str, str]] = field(default_factory=set)
    unresolved: list[str] = field(default_factory=list)


def subjects_of(identifier: object, issuers: tuple[str, ...], resolve: Resolver | None = None) -> Subjects:
    """Return the names of a subject identifier in tokens of `issuers`.

    An identifier of another issuer raises `access_denied`: the transmitter does not speak for it. An identifier
    without an issuer (`opaque`, `email`, `account`) is taken as a `sub` of every issuer.
    """
    found = Subjects()
    _read(identifier, issuers, found, resolve, as_session=False)
    return found


def _read(
    identifier: object,
    issuers: tuple[str, ...],
    found: Subjects,
    resolve: Resolver | None,
    *,
    as_session: bool,
) -> None:
    if not isinstance(identifier, dict):
        raise SignalRefused("invalid_request", "the subject is no object")
    named = identifier.get("format", identifier.get("subject_type"))
    if named is None and any(part in identifier for part in _COMPLEX):
        named = "complex"
    if not isinstance(named, str):
        raise SignalRefused("invalid_request", "the subject has no format")
    form = named.replace("-", "_")  # drafts wrote `iss-sub`, and some transmitters still do
    if form == "complex":
        _read_complex(identifier, issuers, found, resolve)
    elif form == "aliases":
        _read_aliases(identifier, issuers, found, resolve)
    elif form == "jwt_id":
        found.token_ids.add((_issuer(identifier, issuers), _text(identifier, "jti")))
    else:
        _read_account(
            form, identifier, issuers, found.sessions if as_session else found.accounts, found, resolve
        )


def _read_account(
    form: str,
    identifier: Mapping[str, Any],
    issuers: tuple[str, ...],
    into: set[tuple[str, str]],
    found: Subjects,
    resolve: Resolver | None,
) -> None:
    resolved = [pair for pair in resolve(identifier) if pair[0] in issuers] if resolve else []
    into.update(resolved)
    if form in {"iss_sub", "id_token_claims"}:
        into.add((_issuer(identifier, issuers), _text(identifier, "sub")))
    elif form in {"opaque", "email", "account"}:
        member = {"opaque": "id", "email": "email", "account": "uri"}[form]
        name = _text(identifier, member).removeprefix("acct:" if form == "account" else "")
        into.update((issuer, name) for issuer in issuers)
    elif not resolved:
        found.unresolved.append(form[:64])


def _read_complex(
    identifier: Mapping[str, Any], issuers: tuple[str, ...], found: Subjects, resolve: Resolver | None
) -> None:
    """Read a complex subject, whose parts apply together: a session of a user.

    Parts that tokens do not name are left out, so the effect may be wider.
    """
    for part in ("user", "session"):
        if part in identifier:
            _read(identifier[part], issuers, found, resolve, as_session=part == "session")
    if "user" not in identifier and "session" not in identifier:
        found.unresolved.append("complex")


def _read_aliases(
    identifier: Mapping[str, Any], issuers: tuple[str, ...], found: Subjects, resolve: Resolver | None
) -> None:
    entries = identifier.get("identifiers")
    if not isinstance(entries, list) or not 0 < len(entries) <= MOST_IDENTIFIERS:
        raise SignalRefused("invalid_request", "aliases are missing or too many")
    for entry in entries:
        if isinstance(entry, dict) and entry.get("format") in {
            "aliases",
            "complex",
        }:  # RFC 9493 section 3.2.8
            raise SignalRefused("invalid_request", "aliases must not be nested")
        _read(entry, issuers, found, resolve, as_session=False)


def _issuer(identifier: Mapping[str, Any], issuers: tuple[str, ...]) -> str:
    issuer = _text(identifier, "iss")
    if issuer not in issuers:
        raise SignalRefused("access_denied", "the transmitter does not speak for this issuer")
    return issuer


def _text(identifier: Mapping[str, Any], member: str) -> str:
    value = identifier.get(member)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME or "\0" in value:
        raise SignalRefused("invalid_request", "the subject lacks a member of its format")
    return value

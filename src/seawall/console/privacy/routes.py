"""`/api/privacy`: who sees pseudonyms, and reveal one person for a reason and a time."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from seawall.console.api_error import forbidden, invalid, not_found
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.privacy.boundary import get_boundary
from seawall.console.privacy.pseudonyms import PSEUDONYM
from seawall.console.privacy.reveals import Reveal
from seawall.console.privacy.settings import PrivacySettings, load_privacy, save_privacy
from seawall_base.times import rfc3339

_MINUTE: Final = 60_000_000
_SHORTEST_REASON: Final = 5


class RevealValue(msgspec.Struct, frozen=True):
    """A person whom the visitor has revealed: `person` is the pseudonym, `name` the account."""

    person: str
    name: str
    until: str
    reason: str


class PrivacyValue(msgspec.Struct, frozen=True):
    """Whether the visitor sees pseudonyms, may reveal, and whom he has revealed; and the settings of all roles."""

    sees_pseudonyms: bool
    may_reveal: bool
    reveals: list[RevealValue]
    settings: PrivacySettings


class NewReveal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to reveal, why, and for how many minutes."""

    person: Annotated[str, Meta(max_length=2000)]
    reason: Annotated[str, Meta(max_length=500)]
    minutes: Annotated[int, Meta(ge=1, le=480)] = 30


class HiddenPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to hide again."""

    person: Annotated[str, Meta(max_length=2000)]


def show_privacy(call: ApiCall) -> PrivacyValue:
    """Return the visitor's view of names."""
    with call.context.database.reading() as work:
        settings = load_privacy(work)
    return _value(call, settings)


def change_privacy(call: ApiCall) -> PrivacyValue:
    """Store the settings, and record the change."""
    asked: PrivacySettings = call.body
    if not set(asked.reveal_for) <= set(asked.pseudonyms_for):
        raise invalid(
            "a role that sees names has nothing to reveal",
            field="reveal_for",
            fix="choose roles with pseudonyms",
        )
    with call.context.database.writing() as work:
        before = load_privacy(work)
        save_privacy(work, asked)
        call.note(
            work, "privacy-changed", before=msgspec.to_builtins(before), after=msgspec.to_builtins(asked)
        )
        get_boundary(call.context.notes).learn(work, call.now)
    return _value(call, asked)


def reveal_person(call: ApiCall) -> RevealValue:
    """Show one person's name to the visitor for some minutes, and record who asked, whom and why before it is shown."""
    asked: NewReveal = call.body
    boundary = get_boundary(call.context.notes)
    reason = " ".join(asked.reason.split())
    with call.context.database.writing() as work:
        settings = load_privacy(work)
        _check_may_reveal(call, settings)
        if asked.minutes > settings.reveal_minutes:
            raise invalid(
                f"a reveal lasts at most {settings.reveal_minutes} minutes",
                field="minutes",
                fix="ask for less",
            )
        if len(reason) < _SHORTEST_REASON:
            raise invalid("say why", field="reason", fix="name the incident or the request in a few words")
        # the boundary has put the name in place of a pseudonym that it knows, and withheld a name that was typed
        if PSEUDONYM.search(asked.person) or not boundary.is_person(asked.person):
            raise not_found("person with this pseudonym")
        until = call.now + asked.minutes * _MINUTE
        call.note(work, "person-revealed", asked.person, reason=reason, until=rfc3339(until))
    reveal = Reveal(asked.person, until, reason)
    boundary.reveals.begin(call.who.name, reveal)
    return _reveal(call, reveal)


def hide_person(call: ApiCall) -> None:
    """End a reveal before its time."""
    asked: HiddenPerson = call.body
    boundary = get_boundary(call.context.notes)
    if not boundary.reveals.end(call.who.name, asked.person, call.now):
        raise not_found("reveal of this person")
    with call.context.database.writing() as work:
        call.note(work, "person-hidden", asked.person)


def _check_may_reveal(call: ApiCall, settings: PrivacySettings) -> None:
    if not _may_reveal(call, settings):
        raise forbidden("your role may not reveal persons", fix="ask an admin, who may allow it to your role")


def _may_reveal(call: ApiCall, settings: PrivacySettings) -> bool:
    return call.who.role in settings.pseudonyms_for and call.who.role in settings.reveal_for


def _value(call: ApiCall, settings: PrivacySettings) -> PrivacyValue:
    boundary = get_boundary(call.context.notes)
    return PrivacyValue(
        sees_pseudonyms=boundary.hides_names(call.who),
        may_reveal=_may_reveal(call, settings),
        reveals=[_reveal(call, one) for one in boundary.reveals.list_active(call.who.name, call.now)],
        settings=settings,
    )


def _reveal(call: ApiCall, reveal: Reveal) -> RevealValue:
    boundary = get_boundary(call.context.notes)
    return RevealValue(
        boundary.pseudonyms.pseudonym_of(reveal.name), reveal.name, rfc3339(reveal.until), reveal.reason
    )


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/privacy",
        handle=show_privacy,
        role="viewer",
        tenants="own",
        summary="Whether names are shown as pseudonyms, and whom the visitor has revealed",
        group="privacy",
        answer=PrivacyValue,
    ),
    Endpoint(
        method="PUT",
        path="/api/privacy",
        handle=change_privacy,
        role="admin",
        tenants="all",
        summary="Choose the roles that see pseudonyms, and those that may reveal a person",
        group="privacy",
        body=PrivacySettings,
        answer=PrivacyValue,
    ),
    Endpoint(
        method="POST",
        path="/api/privacy/reveals",
        handle=reveal_person,
        role="viewer",
        tenants="own",
        summary="Reveal one person for a reason and some minutes; the audit trail names whoever asks",
        group="privacy",
        body=NewReveal,
        answer=RevealValue,
        codes=((404, "not-found"),),
    ),
    Endpoint(
        method="POST",
        path="/api/privacy/hides",
        handle=hide_person,
        role="viewer",
        tenants="own",
        summary="Hide a revealed person again",
        group="privacy",
        body=HiddenPerson,
        codes=((404, "not-found"),),
    ),
)

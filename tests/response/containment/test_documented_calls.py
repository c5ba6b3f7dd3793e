"""docs/reference/containment-calls.md names every call that a plan can make, with its page and scope, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from seawall.response.containment.planning import make_plan
from seawall.response.containment.values import VendorCall
from seawall.vendor_api.access import google as google_access
from seawall.vendor_api.access import okta as okta_access

from .samples import ANN, TENANT, evidence, incident, row

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "containment-calls.md"
EVE = "eve@example.org"
PLACES = {
    "ann%40example.org": "{account}",
    "eve%40example.org": "{account}",
    "00T1": "{token}",
    "0oa1": "{idp}",
}
"""What stands in the page for the values of the samples."""

GOOGLE = "https://www.googleapis.com/auth/"


def google(activity: str, **parameters: str) -> dict[str, Any]:
    return row(activity, source="google_workspace", parameters=parameters)


def okta(activity: str, resource: str | None = None, **parameters: str) -> dict[str, Any]:
    return row(activity, source="okta", resource_uid=resource, parameters=parameters)


RECORDS: dict[str, tuple[Any, ...]] = {
    "google": (
        google("authorize", client_id="evil"),
        google("gmail.users.settings.updateAutoForwarding"),
        google("gmail.users.settings.forwardingAddresses.create", forwardingEmail=EVE),
        google("gmail.users.settings.filters.create", id="f1"),
        google("gmail.users.settings.delegates.create", delegateEmail=EVE),
        google("ASSIGN_ROLE", ROLE_NAME="_HELP_DESK_ADMIN_ROLE", USER_EMAIL=EVE),
        google("GRANT_ADMIN_PRIVILEGE", USER_EMAIL=EVE),
    ),
    "okta": (
        okta("user.mfa.factor.activate", ANN),
        okta("app.oauth2.consent.grant"),
        okta("system.api_token.create", "00T1"),
        okta("user.account.privilege.grant", ANN, privilegeGranted="Super Administrator"),
        okta("system.idp.lifecycle.create", "0oa1"),
    ),
}
"""Records of everything that a vendor's steps take back."""

HEADINGS = {"google": "Google Workspace", "okta": "Okta"}
SCOPES = {"google": GOOGLE, "okta": ""}
"""What the page leaves out at the beginning of every scope."""


@cache
def made(vendor: Any) -> tuple[VendorCall, ...]:
    """Every call of a plan with everything in it."""
    rows = [{**one, "metadata_uid": f"record-{number}"} for number, one in enumerate(RECORDS[vendor], 1)]
    ids = tuple(one["metadata_uid"] for one in rows)
    systems = {(TENANT, ANN): frozenset({vendor})}
    found = make_plan(evidence(*rows, intruders=ids, systems=systems), incident=incident(*ids))
    assert {id_ for action in found.actions for id_ in action.evidence} == set(ids)
    calls = [
        (*(read.call for read in action.before), *action.calls, *action.undo) for action in found.actions
    ]
    return tuple(call for some in calls for call in some)


def in_page(call: VendorCall) -> str:
    path = call.path
    for value, place in PLACES.items():
        path = path.replace(value, place)
    return f"{call.method} {path}"


def table(heading: str) -> Iterator[list[str]]:
    """The cells of the rows under a heading."""
    section = re.split(
        r"^## ", PAGE.read_text("utf-8").split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE
    )[0]
    for line in section.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]


@pytest.mark.parametrize("vendor", sorted(RECORDS))
def test_the_page_names_every_call_with_its_page_and_scope(vendor: str) -> None:
    expected = {(in_page(call), call.documentation, call.permission) for call in made(vendor)}
    stated = {
        (cells[0].strip("`"), cells[1].partition("](")[2].rstrip(")"), SCOPES[vendor] + cells[2].strip("`"))
        for cells in table(HEADINGS[vendor])
    }
    assert stated == expected


@pytest.mark.parametrize("vendor", sorted(RECORDS))
def test_the_page_names_what_every_change_sends(vendor: str) -> None:
    expected: dict[str, set[frozenset[str]]] = {}
    for call in made(vendor):
        if call.method != "GET":
            expected.setdefault(in_page(call), set()).add(frozenset(call.body or {}))
    stated = {
        cells[0].strip("`"): {frozenset(re.findall(r"`([^`]+)`", body)) for body in cells[3].split("; or ")}
        for cells in table(HEADINGS[vendor])
        if not cells[0].startswith("`GET ")
    }
    assert stated == expected


@pytest.mark.parametrize("vendor", sorted(RECORDS))
def test_every_row_says_what_is_answered_and_how_it_is_taken_back(vendor: str) -> None:
    for cells in table(HEADINGS[vendor]):
        is_read = cells[0].startswith("`GET ")
        assert len(cells) == 7, cells[0]
        assert cells[4], cells[0]
        assert (cells[5] == "a read") == is_read
        assert bool(cells[6]) != is_read, cells[0]


@pytest.mark.parametrize("vendor", sorted(RECORDS))
def test_a_call_is_named_as_the_vendor_names_it(vendor: str) -> None:
    """The link's text is the method's own name, and at Google the page's address has the same name in it."""
    for cells in table(HEADINGS[vendor]):
        name, _, address = cells[1].strip("[)").partition("](")
        assert re.fullmatch(r"[A-Za-z.]+", name)
        if vendor == "google":
            assert address.endswith("/rest/v1/" + "/".join(name.rsplit(".", 1)))


def test_what_collecting_asks_for_is_there() -> None:
    scopes = {cells[2].strip("`") for cells in table("What collecting asks")}
    assert scopes == {google_access.SCOPE, okta_access.SCOPE}

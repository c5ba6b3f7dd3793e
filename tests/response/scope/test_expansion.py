"""What the intruder's records carry is followed where it is rare, and not where others have it too; each step says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.response.scope_values import Scope, SearchStep
from tests.response.scope.story import (
    HISTORY,
    THEIRS,
    at_home,
    day_at,
    days_at_home,
    mailbox,
    searched,
    theirs,
)

ELSEWHERE: dict[str, Any] = {
    "src_ip": "192.0.2.77",
    "src_prefix": "192.0.2.0/24",
    "src_asn": 64777,
    "src_asn_name": "Other",
}


def step(scope: Scope, value: str) -> SearchStep:
    return next(one for one in scope.steps if one.indicator.value == value)


def test_a_session_leads_to_another_address_and_that_to_another_mailbox(tmp_path: Path) -> None:
    rows = [
        *days_at_home(),
        theirs("evil-1", session_uid="s1"),
        theirs("evil-2", minute=60, session_uid="s1", **ELSEWHERE),
        theirs("evil-3", "bob", minute=90, **ELSEWHERE),
    ]
    scope = searched(tmp_path, rows)
    assert mailbox(scope, "bob").verdict == "touched"
    followed = step(scope, "192.0.2.77")
    assert followed.is_followed
    assert followed.round == 2
    assert followed.source is not None
    assert followed.source.value == "s1"
    assert "used it, none before" in followed.reason
    assert mailbox(scope, "cara").verdict == "not_touched"


def test_an_address_that_others_used_before_is_not_followed(tmp_path: Path) -> None:
    shared = {**ELSEWHERE, "account": "cara@x.example", "mailbox": "cara@x.example"}
    rows = [
        *days_at_home(),
        *[{**theirs(f"cara-{day}", "cara", day), **shared} for day in (2, 8)],
        theirs("evil-1", session_uid="s1"),
        theirs("evil-2", minute=60, session_uid="s1", **ELSEWHERE),
        theirs("bob-1", "bob", minute=90, **ELSEWHERE),
    ]
    scope = searched(tmp_path, rows, start=day_at(HISTORY))
    assert not step(scope, "192.0.2.77").is_followed
    assert "1 of them before" in step(scope, "192.0.2.77").reason
    assert mailbox(scope, "bob").verdict == "possible"
    assert mailbox(scope, "ann").record_count == 2


def test_the_providers_network_is_not_followed(tmp_path: Path) -> None:
    back_end = {**ELSEWHERE, "src_network_class": "microsoft"}
    rows = [
        *days_at_home(),
        theirs("evil-1", session_uid="s1"),
        theirs("evil-2", minute=60, session_uid="s1", **back_end),
        theirs("bob-1", "bob", minute=90, **back_end),
    ]
    scope = searched(tmp_path, rows)
    assert not step(scope, "192.0.2.77").is_followed
    assert "provider's own network" in step(scope, "192.0.2.77").reason
    assert mailbox(scope, "bob").verdict == "possible"


def test_an_address_of_many_accounts_that_nothing_links_is_not_followed(tmp_path: Path) -> None:
    crowd = [theirs(f"crowd-{n}", f"p{n}", minute=100 + n, **ELSEWHERE) for n in range(11)]
    rows = [
        *days_at_home(),
        theirs("evil-1", session_uid="s1"),
        theirs("evil-2", minute=60, session_uid="s1", **ELSEWHERE),
    ]
    scope = searched(tmp_path, [*rows, *crowd])
    assert not step(scope, "192.0.2.77").is_followed
    assert mailbox(scope, "p3").verdict == "possible"
    assert step(searched(tmp_path, [*rows, *crowd[:10]]), "192.0.2.77").is_followed


def test_a_session_that_many_accounts_carry_names_nothing(tmp_path: Path) -> None:
    rows = [*days_at_home(), theirs("evil-1", session_uid="0")]
    rows += [theirs(f"p-{n}", f"p{n}", minute=100 + n, session_uid="0", **ELSEWHERE) for n in range(4)]
    scope = searched(tmp_path, rows)
    assert not step(scope, "0").is_followed
    assert "names no session" in step(scope, "0").reason


def test_a_stolen_session_does_not_make_its_holders_records_the_intruders(tmp_path: Path) -> None:
    stolen = at_home("ann", "x", HISTORY, 0)[0]["session_uid"]
    scope = searched(tmp_path, [*days_at_home(), theirs("evil-1", session_uid=stolen)])
    ann = mailbox(scope, "ann")
    assert ann.records == ("evil-1",)
    assert ann.messages == 1
    assert step(scope, stolen).is_followed
    assert any("the intruder's or the owner's" in reason for reason in ann.reasons)


def test_the_holder_of_a_stolen_session_may_come_to_new_places(tmp_path: Path) -> None:
    stolen = at_home("ann", "x", HISTORY, 0)[0]["session_uid"]
    travel = {**ELSEWHERE, "session_uid": stolen}
    near = {"src_ip": "198.51.101.5", "src_prefix": "198.51.101.0/24", "session_uid": stolen}
    rows = [
        *days_at_home(),
        theirs("evil-1", session_uid=stolen),
        theirs("evil-2", minute=40, **near),
        theirs("hotel", minute=300, client="chrome/browser", **travel),
        theirs("hotel-bob", "bob", minute=310, client="chrome/browser", **ELSEWHERE),
    ]
    scope = searched(tmp_path, rows)
    assert mailbox(scope, "ann").records == ("evil-1", "evil-2")
    assert mailbox(scope, "bob").verdict == "possible"
    given = searched(tmp_path, rows, ("session", stolen))
    assert mailbox(given, "ann").records == ("evil-1", "evil-2", "hotel")


def _unplaced(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "src_ip": None, "src_prefix": None, "src_asn": None, "src_network_class": None}


def test_without_an_address_a_session_proves_only_where_it_was_the_intruders_from_the_first(
    tmp_path: Path,
) -> None:
    stolen = at_home("ann", "x", HISTORY, 0)[0]["session_uid"]
    blank = _unplaced(theirs("blank", minute=50, session_uid=stolen))
    theirs_since = searched(
        tmp_path, [*days_at_home(), theirs("evil-1", session_uid="s1"), {**blank, "session_uid": "s1"}]
    )
    assert mailbox(theirs_since, "ann").records == ("evil-1", "blank")
    holders_first = searched(tmp_path, [*days_at_home(), theirs("evil-1", session_uid=stolen), blank])
    assert mailbox(holders_first, "ann").records == ("evil-1",)


def test_a_stolen_key_of_a_service_proves_by_where_it_is_used(tmp_path: Path) -> None:
    service: dict[str, Any] = {
        "account": "app-1",
        "account_type": "service",
        "key_uid": "k1",
        "app_uid": "app-1",
    }
    home = {"src_ip": "203.0.200.1", "src_prefix": "203.0.200.0/24", "src_asn": 64700}
    rows = days_at_home()
    for day in range(20):
        read = at_home("cara", f"svc-{day}", day, 400)[1]
        rows.append({**read, **service, **home, "session_uid": None})
    rows.append(theirs("evil-1", "bob", **service))
    scope = searched(tmp_path, rows, ("key", "k1"), start=day_at(HISTORY))
    assert mailbox(scope, "bob").records == ("evil-1",)
    assert mailbox(scope, "cara").verdict == "possible"
    assert mailbox(scope, "ann").verdict == "not_touched"


def test_the_same_network_and_client_make_possible_and_prove_only_where_more_links(tmp_path: Path) -> None:
    near = {**THEIRS, "src_ip": "198.51.101.5", "src_prefix": "198.51.101.0/24"}
    rows = [*days_at_home(), theirs("evil-1"), theirs("evil-2", "bob", minute=90, **near)]
    scope = searched(tmp_path, rows)
    assert step(scope, "198.51.101.5").is_followed
    assert "the same network" in step(scope, "198.51.101.5").reason
    assert mailbox(scope, "bob").verdict == "possible"
    assert "only resembles" in mailbox(scope, "bob").reasons[0]
    linked = searched(tmp_path, [*rows, theirs("evil-3", "bob", minute=100)])
    assert mailbox(linked, "bob").verdict == "touched"
    assert "evil-2" in mailbox(linked, "bob").records
    other_client = searched(tmp_path, [*rows[:-1], {**rows[-1], "client": "outlook/mapi"}])
    assert mailbox(other_client, "bob").verdict == "possible"


def test_a_network_of_households_supports_and_does_not_link(tmp_path: Path) -> None:
    home: dict[str, Any] = {"src_network_class": "residential"}
    near = {**home, "src_ip": "198.51.101.5", "src_prefix": "198.51.101.0/24"}
    rows = [*days_at_home(), theirs("evil-1", **home), theirs("evil-2", "bob", minute=90, **near)]
    scope = searched(tmp_path, rows)
    assert not step(scope, "198.51.101.5").is_followed
    assert mailbox(scope, "bob").verdict == "possible"


def test_a_network_that_holders_use_supports_and_does_not_link(tmp_path: Path) -> None:
    near = {**THEIRS, "src_ip": "198.51.101.5", "src_prefix": "198.51.101.0/24"}
    usual = theirs("cara-1", "cara", 4, src_ip="198.51.102.5", src_prefix="198.51.102.0/24")
    rows = [*days_at_home(), usual, theirs("evil-1"), theirs("evil-2", "bob", minute=90, **near)]
    scope = searched(tmp_path, rows)
    assert not step(scope, "198.51.101.5").is_followed
    assert mailbox(scope, "bob").verdict == "possible"


def test_an_address_is_judged_in_each_organisation_by_itself(tmp_path: Path) -> None:
    rows = [
        *days_at_home(),
        *days_at_home(tenant="other"),
        theirs("evil-1"),
        theirs("evil-2", "bob", org_uid="other"),
    ]
    rows += [theirs(f"old-{day}", "cara", day, org_uid="other") for day in (1, 7)]
    scope = searched(
        tmp_path,
        rows,
        ("session", "none"),
        ("address", THEIRS["src_ip"]),
        start=day_at(HISTORY),
        tenant="org",
    )
    verdicts = {one.name: one.verdict for one in scope.organisations}
    assert verdicts == {"org": "touched", "other": "possible"}


def _two_organisations(**elsewhere: Any) -> list[dict[str, Any]]:
    return [
        *days_at_home(),
        *days_at_home(tenant="other"),
        theirs("evil-1"),
        theirs("evil-2", "bob", org_uid="other", **elsewhere),
    ]


def test_an_incident_leads_into_other_organisations(tmp_path: Path) -> None:
    scope = searched(tmp_path, _two_organisations(), ("incident", "i1"), incidents={"i1": ("evil-1",)})
    verdicts = {one.name: one.verdict for one in scope.organisations}
    assert verdicts == {"org": "touched", "other": "touched"}
    assert {one.domains for one in scope.organisations} == {("x.example",)}
    touched = [(one.tenant, one.name, one.messages) for one in scope.mailboxes if one.verdict == "touched"]
    assert touched == [("org", "ann@x.example", 1), ("other", "bob@x.example", 1)]


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"src_network_class": "mobile"},
        {"src_network_class": "residential"},
        {"src_network_class": "anonymiser"},
        {"client": "outlook/mapi"},
    ],
    ids=lambda one: next(iter(one.values())),
)
def test_a_shared_address_proves_nothing_of_another_organisation(
    elsewhere: dict[str, Any], tmp_path: Path
) -> None:
    rows = _two_organisations(**elsewhere)
    scope = searched(tmp_path, rows, ("incident", "i1"), incidents={"i1": ("evil-1",)})
    assert {one.name: one.verdict for one in scope.organisations} == {"org": "touched", "other": "possible"}
    led = next(one for one in scope.steps if one.indicator.tenant == "other")
    assert led.is_followed
    assert "whom nothing else links is possibly touched" in led.reason
    bob = next(one for one in scope.mailboxes if (one.tenant, one.name) == ("other", "bob@x.example"))
    assert "that others may share" in bob.reasons[0]


def test_a_token_leads_into_other_organisations(tmp_path: Path) -> None:
    rows = [
        *days_at_home(),
        *days_at_home(tenant="other"),
        theirs("evil-1", token_uid="t1"),
        theirs("evil-2", "bob", org_uid="other", token_uid="t1", src_ip="198.51.100.77"),
    ]
    scope = searched(tmp_path, rows, ("incident", "i1"), incidents={"i1": ("evil-1",)})
    assert {one.name: one.verdict for one in scope.organisations} == {"org": "touched", "other": "touched"}


def test_an_incident_leads_on_from_its_records(tmp_path: Path) -> None:
    rows = [*days_at_home(), theirs("evil-1", session_uid="s1"), theirs("evil-2", "bob", minute=90)]
    path = tmp_path / "one"
    path.mkdir()
    scope = searched(path, rows, ("session", "nothing"), incidents={"i1": ("evil-1",)})
    assert mailbox(scope, "ann").verdict == "touched"
    assert step(scope, THEIRS["src_ip"]).is_followed
    assert mailbox(scope, "bob").verdict == "touched"

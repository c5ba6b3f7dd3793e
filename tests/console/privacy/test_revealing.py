"""Revealing a person: for a reason, for a time, by a role that may, on the record; and what a typed name finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.console.privacy.reveals import Reveal, Reveals
from seawall.storage.database import Role
from tests.console.consoles import Browser, Console
from tests.console.privacy.persons import ANNA, BOB, WORST, full_of_names, hide_from, pseudonym

REASON = "incident 42, call the owner"


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Console]:
    with full_of_names(tmp_path) as made:
        hide_from(made)
        yield made


def ask(browser: Browser, person: str, reason: str = REASON, minutes: int = 30) -> int:
    document = {"person": person, "reason": reason, "minutes": minutes}
    return browser.post("/api/privacy/reveals", document).status_code


def title(browser: Browser) -> str:
    return str(browser.get(f"/api/incidents/{WORST}").json()["title"])


def test_one_person_is_revealed_to_one_user_until_the_time_ends(shown: Console) -> None:
    browser, other = shown.signed_in("analyst"), shown.signed_in("analyst", "other")
    person = pseudonym(browser)
    assert title(browser) == f"Account takeover: {person}"
    assert ask(browser, person) == 200
    assert title(browser) == f"Account takeover: {ANNA}"
    assert title(other) == f"Account takeover: {person}"
    found = browser.get(f"/api/incidents/{WORST}").json()
    assert found["account"] == ANNA
    assert found["related_accounts"] == [pseudonym(browser, 1)]
    listed = browser.get("/api/privacy").json()["reveals"]
    assert [(one["person"], one["name"], one["reason"]) for one in listed] == [(person, ANNA, REASON)]
    shown.clock.pass_seconds(31 * 60)
    assert title(browser) == f"Account takeover: {person}"
    assert browser.get("/api/privacy").json()["reveals"] == []


def test_a_person_can_be_hidden_again(shown: Console) -> None:
    browser = shown.signed_in("analyst")
    person = pseudonym(browser)
    ask(browser, person)
    assert browser.post("/api/privacy/hides", {"person": person}).status_code == 204
    assert title(browser) == f"Account takeover: {person}"
    assert browser.post("/api/privacy/hides", {"person": person}).status_code == 404


def test_the_audit_trail_says_who_whom_and_why(shown: Console) -> None:
    browser = shown.signed_in("analyst")
    person = pseudonym(browser)
    ask(browser, person)
    with shown.context.database.reading() as work:
        last = work.audit.page(limit=100)[-1]
    assert (last.actor, last.action, last.subject) == ("analyst-user", "person-revealed", ANNA)
    assert last.details["reason"] == REASON
    admin = shown.signed_in("admin").get("/api/audit").json()["items"][0]
    assert (admin["action"], admin["subject"]) == ("person-revealed", person)


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_a_role_without_the_right_cannot_reveal(role: Role, shown: Console) -> None:
    browser = shown.signed_in(role)
    person = pseudonym(browser)
    assert browser.get("/api/privacy").json()["may_reveal"] is False
    assert ask(browser, person) == 403
    assert title(browser) == f"Account takeover: {person}"


def test_a_reveal_needs_a_reason_a_known_person_and_few_minutes(shown: Console) -> None:
    browser = shown.signed_in("analyst")
    person = pseudonym(browser)
    assert ask(browser, person, reason=" a ") == 422
    assert ask(browser, person, minutes=61) == 422
    assert ask(browser, "person 0000-0000") == 404
    assert ask(browser, ANNA) == 404
    assert ask(browser, "nobody@x.example") == 404
    with shown.context.database.reading() as work:
        assert [one for one in work.audit.page(limit=100) if one.action == "person-revealed"] == []


def test_only_an_admin_changes_the_setting_and_it_is_on_the_record(shown: Console) -> None:
    hidden = {"pseudonyms_for": ["viewer"], "reveal_for": [], "reveal_minutes": 5}
    assert shown.signed_in("analyst").send("PUT", "/api/privacy", hidden).status_code == 403
    admin = shown.signed_in("admin")
    assert admin.send("PUT", "/api/privacy", {**hidden, "reveal_for": ["analyst"]}).status_code == 422
    assert admin.send("PUT", "/api/privacy", hidden).json()["sees_pseudonyms"] is False
    assert title(admin) == f"Account takeover: {ANNA}"
    assert admin.get("/api/audit").json()["items"][0]["action"] == "privacy-changed"


def test_a_setting_that_cannot_be_read_hides_names(shown: Console) -> None:
    with shown.context.database.writing() as work:
        work.settings.put("privacy", {"pseudonyms_for": "nobody"})
    assert title(shown.signed_in("admin")).startswith("Account takeover: person ")


def rows(browser: Browser, q: str) -> list[str]:
    """The ids of the incidents that a search finds."""
    answer = browser.get("/api/incidents", params={"queue": "all", "q": q})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def test_a_search_finds_a_pseudonym_in_each_way_of_writing_it(shown: Console) -> None:
    browser = shown.signed_in("analyst")
    person = pseudonym(browser)
    for text in (
        person,
        f'"{person}"',
        f'account:"{person}"',
        f"account:{person}",
        person.lower(),
        f"title:x {person}",
    ):
        if text.startswith("title"):
            continue
        assert WORST in rows(browser, text), text
    assert rows(browser, f'account:"{person}"') == [WORST]
    assert rows(browser, "person 0000-0000") == []
    listed = browser.get("/api/accounts", params={"q": person}).json()["items"]
    assert [one["account"] for one in listed] == [person]


@pytest.mark.parametrize(
    "typed",
    [
        ANNA,
        BOB,
        "anna",
        "ANNA",
        "ann",
        "berg",
        f'account:"{ANNA}"',
        "account:bob",
        '"anna.ber"',
        "mailbox:bo",
    ],
)
def test_a_name_that_is_typed_finds_nothing(typed: str, shown: Console) -> None:
    browser, admin = shown.signed_in("analyst"), shown.signed_in("admin")
    assert rows(browser, typed) == []
    assert rows(browser, "zebra") == []
    assert browser.get("/api/accounts", params={"q": typed}).json()["items"] == []
    hide_from(shown, pseudonyms_for=["viewer", "analyst"])
    assert rows(admin, typed)


def test_a_name_in_the_address_is_answered_as_a_name_that_nobody_has(shown: Console) -> None:
    browser = shown.signed_in("analyst")

    def answer(account: str) -> tuple[int, str]:
        found = browser.get("/api/account", params={"tenant": "x.example", "account": account})
        return found.status_code, found.text

    assert answer(ANNA) == answer("zebra@x.example") == answer("anna.berger")
    assert answer(pseudonym(browser))[0] == 200
    for subject in (f"account:{ANNA}", "message:anna.berger@", "message:Stonehenge bob"):
        found = browser.get("/api/look", params={"subject": subject})
        assert (found.status_code, found.json()["records"]) == (200, 0), subject


def test_words_that_are_no_names_still_find(shown: Console) -> None:
    browser = shown.signed_in("analyst")
    assert rows(browser, "severity:high") == [WORST, f"{1:012x}"]
    assert WORST in rows(browser, "network:Example")
    assert WORST in rows(browser, "takeover")


def test_a_revealed_name_may_be_typed(shown: Console) -> None:
    browser = shown.signed_in("analyst")
    ask(browser, pseudonym(browser))
    assert WORST in rows(browser, f'account:"{ANNA}"')


def test_a_note_is_stored_with_names_and_shown_with_pseudonyms(shown: Console) -> None:
    browser = shown.signed_in("analyst")
    person = pseudonym(browser)
    view = {"query": f'account:"{person}" zebra'}
    assert browser.send("PUT", "/api/views/of-her", view).json()["query"] == f'account:"{person}" zebra'
    with shown.context.database.reading() as work:
        stored = {one.name: one.query for one in work.views.of("analyst-user")}
    assert stored["of-her"] == f'account:"{ANNA}" zebra'
    typed = browser.send("PUT", "/api/views/typed", {"query": f"of {ANNA}"})
    assert person not in typed.text
    assert "[withheld]" in typed.text


def test_reveals_end_one_by_one() -> None:
    reveals = Reveals()
    reveals.begin("ann", Reveal("a@x.example", 10, "why"))
    reveals.begin("ann", Reveal("B@x.example", 20, "why"))
    assert [one.name for one in reveals.list_active("ann", 5)] == ["a@x.example", "B@x.example"]
    assert [one.name for one in reveals.list_active("ann", 10)] == ["B@x.example"]
    assert reveals.list_active("bob", 5) == []
    assert reveals.end("ann", "b@X.example", 15)
    assert not reveals.end("ann", "b@x.example", 15)

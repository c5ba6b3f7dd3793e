"""The attack of an incident: all its incidents with what ties them, told in order, from whichever incident one asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seawall.console.context import ConsoleSettings
from seawall.detection.incident import AttackLink, Incident
from seawall.detection.incidents.story.act import StorySentence
from tests.console.consoles import Console
from tests.console.filled import ANN, BOB, FIRST, MARKUP, filled, incidents

IDS = [f"{number:012x}" for number in range(6)]


def sentence(minute: int, text: str, left: str = "") -> StorySentence:
    at = FIRST + minute * 60_000_000
    return StorySentence(
        at,
        at,
        ANN,
        "consent",
        MARKUP,
        "",
        "",
        1,
        text,
        text,
        left,
        (f"r{minute}",),
        0,
        is_intruders=True,
        is_key=True,
    )


def tied() -> list[Incident]:
    """Ann gave Bob a role, and both Bob and user2 let in an application; user3 names the attack, and nothing ties it."""
    found = incidents()
    first = replace(
        found[0],
        severity="medium",
        attack=IDS[0],
        attack_links=(AttackLink(IDS[1], BOB, "account", "bob"), AttackLink("gone", "x", "account", "x")),
        story=(sentence(5, "gave bob a role", "roles of bob"),),
    )
    second = replace(
        found[1],
        severity="critical",
        attack=IDS[0],
        attack_links=(
            AttackLink(IDS[0], ANN, "account", "bob"),
            AttackLink(IDS[2], "user2", "application", MARKUP),
        ),
        story=(sentence(9, f"consented to {MARKUP}", "the consent"), sentence(2, "signed in")),
    )
    third = replace(
        found[2],
        severity="low",
        attack=IDS[0],
        attack_links=(AttackLink(IDS[1], BOB, "application", MARKUP),),
        story=(),
    )
    return [first, second, third, replace(found[3], attack=IDS[0])]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with filled(tmp_path_factory.mktemp("attack"), ConsoleSettings()) as made:
        with made.context.database.writing() as work:
            work.incidents.put(tied())
        yield made


def attack_of(shown: Console, id_: str, status: int = 200) -> Any:
    answer = shown.browser().get(f"/api/incidents/{id_}/attack")
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize("asked", IDS[:3])
def test_the_attack_is_the_same_from_each_of_its_incidents(shown: Console, asked: str) -> None:
    attack = attack_of(shown, asked)
    assert attack["id"] == IDS[0]
    assert attack["severity"] == "critical"
    assert [one["incident"]["id"] for one in attack["members"]] == [IDS[1], IDS[0], IDS[2]]
    assert [(one["account"], one["sentence"]) for one in attack["acts"]] == [
        ("bob", "signed in"),
        ("ann", "gave bob a role"),
        ("bob", f"consented to {MARKUP}"),
    ]
    assert attack["left_behind"] == ["roles of bob", "the consent"]
    assert "; the same attack used ann and user2" in attack["title"]
    links = {one["incident"]["id"]: one["links"] for one in attack["members"]}
    assert [one["incident"] for one in links[IDS[0]]] == [IDS[1]], "what is stored no more is not named"
    assert "(bob)" in links[IDS[0]][0]["text"]
    assert links[IDS[2]][0]["text"] == f"both touched the application {MARKUP}"


def test_an_incident_that_nothing_ties_is_alone(shown: Console) -> None:
    for asked in (IDS[3], IDS[5]):
        attack = attack_of(shown, asked)
        assert attack["id"] == ""
        assert [one["incident"]["id"] for one in attack["members"]] == [asked]
    attack_of(shown, "nosuch", 404)


def test_the_queue_names_the_attack(shown: Console) -> None:
    rows = shown.browser().get("/api/incidents?queue=all&limit=50").json()["items"]
    named = {row["id"]: row["attack"] for row in rows}
    assert [named[id_] for id_ in IDS] == [IDS[0], IDS[0], IDS[0], IDS[0], "", ""]


def test_an_answer_for_the_whole_attack(tmp_path: Path) -> None:
    with filled(tmp_path, ConsoleSettings()) as made:
        with made.context.database.writing() as work:
            work.incidents.put(tied())
        browser = made.browser()
        assert browser.send("POST", f"/api/incidents/{IDS[2]}/answers", {"answer": "safe"}).status_code == 201
        asked = {"answer": "compromised", "whole_attack": True}
        assert browser.send("POST", f"/api/incidents/{IDS[0]}/answers", asked).status_code == 201
        rows = browser.get("/api/incidents?queue=all&limit=50").json()["items"]
        given = {row["id"]: row["answer"] for row in rows}
        assert [given[id_] for id_ in IDS[:4]] == ["compromised", "compromised", "safe", None]
        refused = browser.send(
            "POST", f"/api/incidents/{IDS[3]}/answers", {**asked, "answer": "expected-change"}
        )
        assert refused.status_code == 422
        trail = [
            one
            for one in browser.get("/api/audit?limit=50").json()["items"]
            if one["action"] == "answer-given"
        ]
        assert {one["subject"] for one in trail} == set(IDS[:3])

"""Earlier incidents that share rare traits are found, with what they share."""

from __future__ import annotations

from dataclasses import replace

from seawall.detection.incident import BaselineComparison, Incident
from seawall.detection.incidents.story.act import StorySentence
from seawall.detection.incidents.traits import MOST_TRAITS, IncidentTrait, list_traits
from seawall.storage.database import Database
from tests.storage.database.test_incidents import incident


def make(
    number: int, *, network: str = "", app: str = "", name: str = "", sigma: str = "", technique: str = "T1"
) -> Incident:
    rows = [("network", network), ("app", app)]
    usual = tuple(BaselineComparison(aspect, now, (), 0.0, 9.0, 0, 9, True) for aspect, now in rows if now)
    line = StorySentence(1, 2, "a", "inbox_rule", name, "", "", 1, "made", "made", "", ())
    details = {"technique": technique, "sigma": [{"title": sigma}] if sigma else [], "rules": ["forwarding"]}
    return replace(incident(number), usual=usual, story=(line,) if name else (), details=details)


def test_the_traits_of_an_incident() -> None:
    found = list_traits(make(1, network="AS64500 Example", app="Mail Tool", name=".", sigma="A rule"))
    assert found == (
        IncidentTrait("account", "user1@contoso.example"),
        IncidentTrait("network", "AS64500 Example"),
        IncidentTrait("app", "Mail Tool"),
        IncidentTrait("name", "."),
        IncidentTrait("sigma", "A rule"),
        IncidentTrait("pattern", "forwarding"),
        IncidentTrait("technique", "T1"),
    )


def test_malformed_details_and_many_traits_are_borne() -> None:
    odd = replace(incident(1), details={"sigma": [1, {"title": 2}, None], "rules": {"a": 1}, "technique": 5})
    assert {one.kind for one in list_traits(odd)} == {"account", "network"}
    many = replace(incident(1), details={"rules": [f"r{number}" for number in range(500)]})
    assert len(list_traits(many)) == MOST_TRAITS


def test_rare_traits_link_and_common_ones_do_not(database: Database) -> None:
    filler = [make(number, network="AS8075 Microsoft", technique="T9") for number in range(10, 40)]
    first = make(1, network="AS64500 Example", name="Invoice filter", technique="T1")
    second = make(2, network="as64500 EXAMPLE", sigma="A rule")
    third = make(3, technique="T1")
    later = make(90, network="AS64500 Example")
    asked = make(50, network="AS64500 Example", name="Invoice filter", sigma="A rule", technique="T1")
    with database.writing() as work:
        work.incidents.put([*filler, first, second, third, later, asked])
    with database.reading() as work:
        found = work.traits.find_similar(asked)
        assert {one.id for one in found} == {first.id, second.id}
        shared = {one.id: [(trait.trait.kind, trait.incidents) for trait in one.shared] for one in found}
        assert shared[first.id][0] == ("name", 2)
        assert ("network", 4) in shared[first.id]
        assert ("sigma", 2) in shared[second.id]
        assert {one.incidents for one in found} == {len(filler) + 5}
        assert work.traits.find_similar(asked, limit=1) == found[:1]
        assert work.traits.find_similar(filler[5]) == []
        assert work.traits.find_similar(first) == []


def test_traits_follow_the_incident(database: Database) -> None:
    early, asked = make(1, name="Old name"), make(50, name="New name")
    with database.writing() as work:
        work.incidents.put([early, asked])
        assert work.traits.find_similar(asked) == []
        work.incidents.put([make(1, name="New name")])
        (found,) = work.traits.find_similar(asked)
        assert [one.trait for one in found.shared if one.trait.kind == "name"] == [
            IncidentTrait("name", "New name")
        ]
        work.incidents.remove([early.id])
        assert work.traits.find_similar(asked) == []

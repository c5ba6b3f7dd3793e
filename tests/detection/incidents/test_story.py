"""A story is true of its records: each sentence names what they name, counts what they count, and lists their ids."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.incidents.cases import group
from seawall.detection.incidents.explain import describe_case
from seawall.detection.incidents.story.act import StoryAct, StorySentence
from seawall.detection.incidents.story.telling import (
    KEY_LINES,
    MOST_EVENTS,
    MOST_SENTENCES,
    choose_key_lines,
    count_more,
    find_title,
    list_left_behind,
    merge_acts,
    tell_story,
)
from seawall.detection.incidents.story.templates import TEMPLATES, fill_template
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.story_rows import COUNTED, MOST_CHANGES
from seawall.events.changes.acts import ACTS
from tests.sample_events import batches, event, sign_in

ANN = "ann@x.example"
FAR = {"src_ip": "198.51.100.9", "src_prefix": "198.51.100.0/24", "src_asn": 64501, "src_asn_name": "Far Hosting",
       "src_location": "RO", "src_network_class": "hosting", "client": "python/rest"}  # fmt: skip
ACT = st.builds(
    StoryAct,
    st.sampled_from(sorted(TEMPLATES)),
    st.integers(0, 10**12),
    st.just(2 * 10**12),
    st.just(ANN),
    object=st.sampled_from(["", "Tool", "AS64500 Home", "{count} [x]"]),
    whom=st.sampled_from(["", "itself", "bob@x.example", "out@y.example"]),
    place=st.sampled_from(["", ANN, "bob@x.example"]),
    detail=st.sampled_from(["", "reads mail"]),
    count=st.integers(0, 3),
    more=st.integers(0, 2),
    events=st.lists(st.sampled_from("abcdefgh"), max_size=3).map(tuple),
    is_intruders=st.booleans(),
)


def change(uid: str, activity: str, minute: float = 0, /, day: int = 30, **columns: Any) -> dict[str, Any]:
    """One change by Ann from a far network; `parameters` are an object."""
    given = {**FAR, **columns, "parameters": json.dumps(columns.get("parameters", {}))}
    return event(
        uid, day, minute, **{"kind": "admin", "mailbox": None, "item_count": None, "access_type": None,
                             "activity_name": activity, **given},
    )  # fmt: skip


FULL = {"User": "it@x.example", "AccessRights": "FullAccess"}
NOWHERE: dict[str, Any] = dict.fromkeys(
    ("src_ip", "src_prefix", "src_asn", "src_asn_name", "src_location", "src_network_class")
)


def tell(tmp_path: Path, rows: list[dict[str, Any]]) -> tuple[StorySentence, ...]:
    """Return the story of Ann's highest incident after a month of ordinary days."""
    usual = [row for day in range(30) for row in (sign_in(f"s{day}", day), event(f"m{day}", day, 5))]
    engine = DetectionEngine(None)
    found = [
        one
        for day, batch in batches(tmp_path, [*usual, *rows])
        for one in engine.observe(batch, day).list_candidates()
    ]
    return describe_case(group(found)[0]).story


def test_a_takeover_is_told_in_order_with_names_counts_and_ids(tmp_path: Path) -> None:
    rows = [
        sign_in("in", 30, 0, **FAR),
        event("read1", 30, 1, **FAR, item_count=3),
        event("read2", 30, 9, **FAR, item_count=4),
        event("sync", 30, 2, **FAR, item_count=None, access_type="sync", folder="\\Inbox"),
        event("theirs", 30, 3, **FAR, item_count=5, mailbox="bob@x.example"),
        change("rule", "New-InboxRule", 4, kind="mail_rule", mailbox=ANN, parameters={"Name": ".", "DeleteMessage": "True"}),
        change("grant1", "Add-MailboxPermission", 5, mailbox="bob@x.example", parameters=FULL),
        change("grant2", "Add-MailboxPermission", 6, mailbox="cy@x.example", parameters=FULL),
        change("failed", "New-TransportRule", 7, status="failure", parameters={"Name": "never"}),
        change("role", "Add member to role.", 8, **NOWHERE, kind="directory", resource_uid="bob@x.example",
               parameters={"Role.DisplayName": "Global Administrator"}),
    ]  # fmt: skip
    story = tell(tmp_path, rows)
    by_act = {one.act: one for one in story}
    assert by_act["signed_in"].sentence == "signed in from Far Hosting"
    assert by_act["read"].sentence == "read 12 messages and synchronised a folder in 2 mailboxes: ann and bob"
    assert set(by_act["read"].events) == {"read1", "read2", "sync", "theirs"}
    assert by_act["inbox_rule"].sentence == "made an inbox rule named “.” in ann's mailbox (deletes mail)"
    assert by_act["mailbox_access"].sentence == "gave it full access to 2 mailboxes: bob and cy"
    assert by_act["mailbox_access"].events == ("grant1", "grant2")
    assert by_act["role"].sentence == "gave bob the role Global Administrator"
    assert all(one.is_intruders for one in story)
    assert "flow_rule" not in by_act
    assert [one.time for one in story] == sorted(one.time for one in story)


def test_a_day_without_acts_has_a_story_of_what_was_counted_alone(tmp_path: Path) -> None:
    story = tell(tmp_path, [event("read", 30, 1, **FAR, item_count=1)])
    assert [(one.sentence, one.events, one.left) for one in story] == [("read 1 message", ("read",), "")]


def test_records_of_many_changes_are_bounded_and_the_weightiest_stay(tmp_path: Path) -> None:
    rows = [
        change(f"set{at}", "Set-CASMailbox", at / 10, parameters={"Name": f"n{at}"})
        for at in range(3 * MOST_CHANGES)
    ]
    rows.append(change("flow", "New-TransportRule", 50, parameters={"Name": "late"}))
    story = tell(tmp_path, rows)
    assert any(one.act == "flow_rule" and one.object == "late" for one in story)
    assert sum(one.count for one in story) == MOST_CHANGES


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_every_template_is_filled_whatever_is_missing(name: str) -> None:
    template = TEMPLATES[name]
    full = dict.fromkeys(re.findall(r"\{(\w+)", template.one + template.many + template.left), "x")
    for text in (template.one, template.many, template.left):
        assert not re.search(r"[\[\]{}|]", fill_template(text, full))
        assert not re.search(r"[\[\]{}|]", fill_template(text, {}))
    assert 0 < template.weight < 100


def test_every_act_that_is_read_or_counted_has_a_template() -> None:
    read_in_functions = {
        "credential_changed",
        "mailbox_right",
        "send_as",
        "on_behalf",
        "opened",
        "synchronised",
    }
    read_only = {name for name, _ in ACTS.values()} - {"mailbox_setting"}
    assert read_only | set(COUNTED) | read_in_functions == set(TEMPLATES)


def test_a_text_is_never_read_as_a_template() -> None:
    assert (
        fill_template("gave {whom}[ ({detail})]", {"whom": "{detail}", "detail": "[{whom}]"})
        == "gave {detail} ([{whom}])"
    )


@given(st.lists(st.lists(ACT, max_size=6), max_size=4))
def test_a_story_holds_each_act_once_and_is_bounded(acts: list[list[StoryAct]]) -> None:
    story = tell_story(acts, ANN)
    assert len(story) <= MOST_SENTENCES
    assert all(one.time <= other.time for one, other in pairwise(story))
    known = {event for found in acts for act in found for event in act.events}
    assert all(set(one.events) <= known and len(one.events) <= MOST_EVENTS for one in story)
    assert story == tell_story([*acts, *acts], ANN) == tell_story(acts[::-1], ANN)
    keys = choose_key_lines(story)
    assert len(keys) == min(len(story), KEY_LINES)
    assert (len(keys) < len(story)) == bool(count_more(story, keys))
    assert not any(
        re.search(r"^\s|\s$|  |\[ |\{\w+\}", one.sentence.replace("{count} [x]", "x")) for one in story
    )
    title = find_title(story, ANN)
    assert not title or title.startswith("ann ")
    assert all(list_left_behind(story))


def test_what_a_provider_records_beside_a_consent_is_part_of_it() -> None:
    consent = StoryAct("consent", 10, 10, ANN, "Tool", events=("a",))
    parts = [
        StoryAct("permission_grant", 11, 11, ANN, "Graph", events=("b",)),
        StoryAct("app_assigned", 12, 12, ANN, "Tool", events=("c",)),
    ]
    (told,) = tell_story([[consent, *parts]], ANN)
    assert (told.sentence, told.events) == ("consented to Tool", ("a", "b", "c"))
    late = StoryAct("permission_grant", 10**9, 10**9, ANN, "Graph", events=("b",))
    assert [one.act for one in tell_story([[consent, late]], ANN)] == ["consent", "permission_grant"]


def test_an_imitated_name_is_called_so() -> None:
    (told,) = tell_story([[StoryAct("consent", 1, 1, ANN, "rnicrosoft_office", detail="reads mail")]], ANN)
    assert told.sentence == "consented to rnicrosoft_office (reads mail; lookalike of Microsoft Office)"
    assert told.short == "consented to rnicrosoft_office"
    (plain,) = tell_story([[StoryAct("consent", 1, 1, ANN, "Mail Tool")]], ANN)
    assert plain.sentence == "consented to Mail Tool"


EQUAL_BY = {"act", "time", "events", "object", "whom", "place"}
"""Fields by which two acts are the same one."""


@pytest.mark.parametrize("name", sorted({field.name for field in fields(StoryAct)} - EQUAL_BY))
def test_which_of_equal_acts_stays_does_not_depend_on_their_order(name: str) -> None:
    one = StoryAct("opened", 1, 1, ANN, "Admin", events=("a",), is_intruders=False)
    value = getattr(one, name)
    changed: Any = {name: f"{value}x" if isinstance(value, str) else value + 1}
    other = replace(one, **changed)
    assert one != other
    assert merge_acts([[one], [other]]) == merge_acts([[other], [one]]) == merge_acts([[other, one]])


def test_of_equal_acts_the_attributed_one_stays() -> None:
    beside = StoryAct("role", 1, 1, ANN, "Admin", "bob@x.example", events=("a",), is_intruders=False)
    own = StoryAct("role", 1, 1, ANN, "Admin", "bob@x.example", events=("a",))
    assert merge_acts([[beside], [own], [beside]]) == [own]

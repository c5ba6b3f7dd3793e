"""A search over incidents and records: which part asks what of which, and that the rest is named, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.console.context import ConsoleSettings
from seawall.console.data.look_up_query import MOST_SUBJECTS
from seawall.console.data.queue_filter import QueueFilter, queue_choice
from seawall.console.data.search import READABLE, interpret_search
from seawall.console.data.search_syntax import LONGEST
from seawall.response.look_up import parse_subject
from tests.console.consoles import Console
from tests.console.filled import filled


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with filled(tmp_path_factory.mktemp("search"), ConsoleSettings()) as made:
        yield made


@pytest.mark.parametrize(
    ("text", "incidents", "subjects", "is_by_records"),
    [
        ("", "", [], False),
        ("outlook is:open", "outlook is:open", [], False),
        ("ip:203.0.113.7", "", ["ip:203.0.113.7"], True),
        ("203.0.113.7 2001:DB8::1", "", ["ip:203.0.113.7", "ip:2001:db8::1"], True),
        ('"203.0.113.7"', '"203.0.113.7"', [], False),
        ("CIDR:203.0.113.0/24 severity:high", "severity:high", ["cidr:203.0.113.0/24"], True),
        ("app:Outlook is:open", "is:open app:Outlook", ["app:outlook"], False),
        ("app:Outlook session:s1", "", ["session:s1", "app:outlook"], True),
        ("message:<a@b.example>", "", ["message:<a@b.example>"], True),
        ('rule:"Inbox rule" -country:NL', "", ["rule:Inbox rule", "-country:NL"], True),
        ("day:2026-03-02T11:00:00Z", "", ["day:2026-03-02"], True),
        ("account:amira", "account:amira", [], False),
        ("account:Amira@x.example", "account:Amira@x.example", ["account:amira@x.example"], False),
        ("account:amira@x.example -ip:192.0.2.1", "", ["-ip:192.0.2.1", "account:amira@x.example"], True),
        ("network:ab", "network:ab", [], False),
        ("-country:NL", "-country:NL", [], False),
        ("score>2 tenant:org", "score>2 tenant:org", [], False),
    ],
)
def test_each_part_asks_its_own(text: str, incidents: str, subjects: list[str], is_by_records: bool) -> None:
    found = interpret_search(text)
    assert (found.incidents, found.subjects, found.is_by_records) == (incidents, subjects, is_by_records)
    assert found.unknown == []


def test_organisation_and_times_narrow_the_records_too() -> None:
    found = interpret_search(
        "ip:192.0.2.1 tenant:org after:2026-03-01 after:2026-03-03 before:2026-04-01 before:2026-05-01"
    )
    assert (found.tenant, found.start, found.end) == ("org", "2026-03-03", "2026-04-01")
    assert interpret_search("app:owa -tenant:org").tenant is None


@pytest.mark.parametrize(
    ("text", "unknown", "why"),
    [
        ("foo:bar outlook", "foo:bar", "there is no field 'foo'"),
        ("ip:nowhere outlook", "ip:nowhere", "'nowhere' is no address"),
        ("outlook ip:", "ip:", "needs a value"),
        ("outlook day:yesterday", "day:yesterday", "is no day"),
        ("outlook rule:ab", "rule:ab", "shorter than"),
        ("ip>1 outlook", "ip>1", "takes a colon"),
        ("after:nope outlook", "after:nope", "neither a day nor a time"),
        ('outlook "open', '"open', "a quote is not closed"),
        ("-session:s1 outlook", "-session:s1", "records are found by what they show"),
    ],
)
def test_what_is_not_understood_is_named_and_left_out(text: str, unknown: str, why: str) -> None:
    found = interpret_search(text)
    (one,) = found.unknown
    assert one.text == unknown
    assert why in one.why
    assert one.fix
    assert (found.incidents, found.subjects) == ("outlook", [])


def test_too_much_is_named_too() -> None:
    many = interpret_search(" ".join(f"session:s{n}" for n in range(MOST_SUBJECTS + 2)))
    assert len(many.subjects) == MOST_SUBJECTS
    assert len(many.unknown) == 2
    words = interpret_search(" ".join(f"w{n}" for n in range(40)))
    assert [one.text for one in words.unknown] == ["w32"]


@given(
    text=st.text(max_size=60)
    | st.lists(st.sampled_from([*READABLE, "-", ":", '"', "\\", " ", "x", ">", "1.2.3.4"])).map("".join)
)
def test_any_text_is_read_and_what_is_kept_is_valid(text: str) -> None:
    found = interpret_search(text)
    queue_choice(QueueFilter(q=found.incidents))
    for subject in found.subjects:
        parse_subject(subject.removeprefix("-"))
    assert not found.subjects or not all(one.startswith("-") for one in found.subjects)


def test_over_the_api_by_everybody_who_is_signed_in(
    shown: Console, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def got(text: str) -> Any:
        answer = shown.browser().get(f"/api/search?q={quote(text, safe='')}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    found = got("<script>alert(1)</script> ip:198.51.100.7")
    assert (found["incidents"], found["from"]) == ("<script>alert(1)</script>", None)
    assert shown.browser().get(f"/api/search?q={'x' * (LONGEST + 1)}").status_code == 422
    with filled(tmp_path_factory.mktemp("team")) as team:
        assert team.browser().get("/api/search?q=x").status_code == 401
        assert team.signed_in("viewer").get("/api/search?q=x").status_code == 200

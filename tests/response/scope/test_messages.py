"""Messages are counted once each, by id; what is counted and not named stands apart; nothing hostile breaks it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.response.scope import SearchBounds
from seawall.response.scope.messages import find_named_messages
from tests.response.scope.story import Row, days_at_home, folders, mailbox, searched, theirs
from tests.thoroughness import examples


def test_a_message_that_several_records_name_is_one(tmp_path: Path) -> None:
    rows = [
        *days_at_home(),
        theirs("evil-1", unmapped=folders("a", "b", "a"), item_count=3),
        theirs("evil-2", minute=40, unmapped=folders("b", "c"), item_count=2),
        theirs("evil-3", "bob", minute=50, unmapped=folders("a"), item_count=1),
    ]
    scope = searched(tmp_path, rows)
    assert (mailbox(scope, "ann").messages, mailbox(scope, "bob").messages) == (3, 1)
    assert [(one.mailbox[:3], one.id, one.record) for one in scope.messages] == [
        ("ann", "<a@x.example>", "evil-1"),
        ("ann", "<b@x.example>", "evil-1"),
        ("ann", "<c@x.example>", "evil-2"),
        ("bob", "<a@x.example>", "evil-3"),
    ]
    assert scope.organisations[0].messages == 4


def test_all_folders_count_and_what_is_not_named_stands_apart(tmp_path: Path) -> None:
    both = {
        "Folders": json.loads(folders("a"))["Folders"] + json.loads(folders("b", path="\\Sent"))["Folders"]
    }
    rows = [*days_at_home(), theirs("evil-1", unmapped=json.dumps(both), item_count=9)]
    ann = mailbox(searched(tmp_path, rows), "ann")
    assert (ann.messages, ann.unnamed_messages) == (2, 7)


def test_a_folder_that_was_synchronised_is_taken_as_a_whole(tmp_path: Path) -> None:
    rows = [
        *days_at_home(),
        theirs("evil-1", access_type="sync", folder="\\Inbox", unmapped=None, item_count=0),
        theirs("evil-2", minute=40, access_type="sync", folder="\\Inbox", unmapped=None, item_count=0),
    ]
    ann = mailbox(searched(tmp_path, rows), "ann")
    assert (ann.messages, ann.unnamed_messages) == (0, 0)
    assert [(one.path, one.records) for one in ann.folders] == [("\\Inbox", ("evil-1", "evil-2"))]


def test_the_holders_messages_are_not_listed(tmp_path: Path) -> None:
    scope = searched(tmp_path, [*days_at_home(), theirs("evil-1")])
    assert [one.record for one in scope.messages] == ["evil-1"]


def test_a_message_of_gmails_log_is_named(tmp_path: Path) -> None:
    kept = {"parameters": {"message_info": {"rfc2822_message_id": "<g@x.example>", "payload_size": "77"}}}
    rows = [
        *days_at_home(),
        theirs("evil-1", source="google_workspace", unmapped=json.dumps(kept), item_count=1),
    ]
    (one,) = searched(tmp_path, rows).messages
    assert (one.id, one.size) == ("<g@x.example>", 77)


def test_the_list_ends_at_its_bound_and_counts_do_not(tmp_path: Path) -> None:
    many = folders(*(str(number) for number in range(5_000)))
    rows = [*days_at_home(), theirs("evil-1", unmapped=many, item_count=5_000)]
    scope = searched(tmp_path, rows, bounds=SearchBounds(messages=100))
    assert len(scope.messages) == 100
    assert mailbox(scope, "ann").messages == 5_000
    assert scope.is_bounded


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[",
        "[]",
        '{"Folders": 3}',
        '{"Folders": [3, null, {"FolderItems": "x"}, {"FolderItems": [null, 4, {"InternetMessageId": {}}]}]}',
        '{"Item": {"InternetMessageId": "", "ParentFolder": "x"}, "parameters": {"message_info": []}}',
        "[" * 100_000,
    ],
    ids=range(8),
)
def test_what_names_no_message_names_none(text: str | None) -> None:
    assert list(find_named_messages(text)) == []


def test_sizes_that_are_none_are_left_out() -> None:
    items = [
        {"InternetMessageId": "a", "SizeInBytes": size} for size in (True, -1, 1 << 70, "x", "12", 5, 2.5)
    ]
    text = json.dumps({"Folders": [{"FolderItems": items}]})
    assert [size for _, _, size in find_named_messages(text)] == [None, None, None, None, 12, 5, None]


@settings(max_examples=examples(200))
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "Folders",
                        "FolderItems",
                        "InternetMessageId",
                        "Item",
                        "Path",
                        "parameters",
                        "message_info",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=30,
    )
)
def test_whatever_a_record_holds_is_no_error(value: object) -> None:
    for uid, folder, size in find_named_messages(json.dumps(value)):
        assert uid
        assert isinstance(folder, str)
        assert size is None or size >= 0


def test_messages_that_nobody_can_tell_are_listed_apart(tmp_path: Path) -> None:
    nowhere: Row = {"src_ip": None, "src_prefix": None, "src_asn": None, "session_uid": None}
    rows = [
        *days_at_home(),
        theirs("evil-1", unmapped=folders("a", "b"), item_count=2),
        theirs("blank-1", minute=60, unmapped=folders("b", "c"), item_count=5, **nowhere),
        theirs("blank-2", "bob", minute=70, unmapped=folders("d"), item_count=1, **nowhere),
    ]
    scope = searched(tmp_path, rows)
    ann, bob = mailbox(scope, "ann"), mailbox(scope, "bob")
    assert (ann.messages, ann.possible_messages, ann.possible_unnamed_messages) == (2, 1, 3)
    assert (bob.verdict, bob.messages, bob.possible_messages, bob.at_most) == ("possible", 0, 1, 1)
    assert [(one.id, one.record, one.doubt) for one in scope.possible_messages] == [
        ("<c@x.example>", "blank-1", "unlinked"),
        ("<d@x.example>", "blank-2", "unlinked"),
    ]
    assert {one.id for one in scope.messages} == {"<a@x.example>", "<b@x.example>"}

"""The table of export shapes: every shape has a sample with an event, a document, and states what it must."""

from __future__ import annotations

from collections import Counter

import pytest
from tools import shape_tables

from tests.events.test_golden import event_of

SHAPES = shape_tables.read_shapes()
ACTS = {"sign_in", "mail_access", "mail_action", "mail_rule", "admin", "directory", "file"}
"""Kinds of events that are somebody's act, so that the record says whose."""


def test_there_are_many_shapes_and_none_twice() -> None:
    assert len(SHAPES) >= 60
    assert max(Counter(shape["sample"] for shape in SHAPES).values()) == 1
    assert max(Counter((shape["from"], shape["shape"]) for shape in SHAPES).values()) == 1
    groups = [shape["group"] for shape in SHAPES]
    assert groups == sorted(groups, key=groups.index), "the shapes of a group stand together"
    assert all(shape["document"].strip() for shape in SHAPES)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["sample"])
def test_a_sample_is_read_as_its_table_says(shape: dict[str, str]) -> None:
    event = event_of(shape_tables.GOLDEN / shape["sample"])
    assert event == shape_tables.read_event(shape)
    facts = set(shape_tables.list_facts(event))
    assert facts >= ({"time", "operation", "account"} if event["kind"] in ACTS else {"time", "operation"})


def test_the_page_shows_the_table() -> None:
    assert shape_tables.main(["--check"]) == 0, "run `python -m tools.shape_tables`"

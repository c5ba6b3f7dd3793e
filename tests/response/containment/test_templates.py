"""Values in calls: one segment of a path, one text of a body, or refused; never another call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.containment.planning import make_plan
from seawall.response.containment.templates import (
    encode_segment,
    fill_address,
    fill_body,
    fill_path,
    find_value,
    keep_fields,
)
from seawall.response.errors import PlanInvalid

from .samples import ANN, TENANT, evidence, incident, row


@pytest.mark.parametrize("value", ["", ".", "..", "\ud800", "x" * 2_001])
def test_what_no_address_can_hold_is_refused(value: str) -> None:
    with pytest.raises(PlanInvalid):
        encode_segment(value)
    with pytest.raises(PlanInvalid):
        fill_path("/users/{user.id}", {"user": {"id": value}})


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50).filter(
        lambda text: text not in {".", ".."}
    )
)
def test_a_value_is_one_segment(value: str) -> None:
    for path in (fill_address("/a/{x}/b", x=value), fill_path("/a/{read.x}/b", {"read": {"x": value}})):
        assert path.count("/") == 3
        assert not set("?#{}\\ \r\n") & set(path)


@pytest.mark.parametrize("value", [None, True, 1.5, ["a"], {"a": 1}])
def test_only_texts_and_whole_numbers_go_into_a_path(value: object) -> None:
    with pytest.raises(PlanInvalid):
        fill_path("/a/{read.x}", {"read": {"x": value}})
    with pytest.raises(PlanInvalid):
        fill_path("/a/{read.x}", {})


def test_a_value_in_a_body_is_never_a_slot() -> None:
    """A text that spells a slot stays a text; only what the plan wrote as a slot is one."""
    body = {
        "a": "{read.x}",
        "b": {"$read": "read.x"},
        "c": [{"$given": "password"}],
        "d": {"$read": "read.none"},
    }
    filled = fill_body(body, {"read": {"x": '{"$given": "password"}'}}, {"password": "secret"})
    assert filled == {"a": "{read.x}", "b": '{"$given": "password"}', "c": ["secret"]}


def test_fields_with_dots_and_nested_ones() -> None:
    found = {"@odata.type": "t", "a": {"b": {"c": 1}}, "secret": "x"}
    assert (find_value(found, "@odata.type"), find_value(found, "a.b.c"), find_value(found, "a.x.c")) == (
        "t",
        1,
        None,
    )
    assert keep_fields(found, ("@odata.type", "a.b.c")) == {"@odata.type": "t", "a.b.c": 1}
    assert keep_fields(["secret"], ("secret",)) == {}


def test_a_record_whose_name_is_no_segment_is_said_and_the_rest_is_planned() -> None:
    event = row("system.api_token.create", source="okta", resource_uid="..")
    found = make_plan(
        evidence(event, systems={(TENANT, ANN): frozenset({"okta"})}), incident=incident("record-1")
    )
    assert "1 step could not be made" in found.warnings[0]
    assert "record-1" in found.warnings[0]
    assert [action.kind for action in found.actions] == [
        "reset_password",
        "disable_account",
        "revoke_sessions",
        "remove_method",
        "revoke_sessions",
    ], "at Okta the password comes first"

"""Decide from a vendor's answers which objects a step targets, and whether its change was made. Pure.

Vendors differ in the case of names, so all texts are compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from seawall.response.containment.templates import find_value, keep_fields
from seawall.response.containment.values import (
    ChangeCheck,
    ContainmentStep,
    StateRead,
    StepNotice,
    TargetCondition,
)
from seawall_base.rfc3339 import parse_time
from seawall_base.safe_text import visible

COUNTED: Final = "$counted"
"""Key in a searched item: how many existing items equal it."""

Found = dict[str, Any] | list[dict[str, Any]] | None
"""The result of a read: one object, a list of items, or None if the object does not exist."""


def select_kept(read: StateRead, document: Any) -> Found:
    """Return the object of an answer, or all items of its list; None if there is no answer."""
    if document is None:
        return [] if read.items else None
    if not read.items:
        return keep_fields(document, read.keep)
    return [keep_fields(item, read.keep) for item in list_items(read, document) if isinstance(item, Mapping)]


def list_items(read: StateRead, document: Any) -> Sequence[Any]:
    """Return the items of a list answer.

    Vendors may omit an empty list.
    """
    listed = document if read.items == "." else find_value(document, read.items)
    return listed if isinstance(listed, list) else ()


def match_conditions(read: StateRead, items: Found) -> list[dict[str, Any]]:
    """Return the items that meet every condition of a read."""
    if not isinstance(items, list):
        return []
    return [item for item in items if all(_meets_condition(item, condition) for condition in read.where)]


def applicable_notices(read: StateRead, now: Found) -> Iterator[tuple[StepNotice, str]]:
    """Yield each notice whose condition is met, with its filled-in text."""
    items = now if isinstance(now, list) else [now] if now is not None else []
    for notice in read.notices:
        looked_at = match_conditions(read, now) if notice.of_meant else items
        met = [item for item in looked_at if _meets_condition(item, notice.condition)]
        if met:
            value = visible(str(find_value(met[0], notice.condition.field)))
            yield notice, notice.text.replace("{count}", str(len(met))).replace("{value}", value)


def describe_notices(action: ContainmentStep, before: Mapping[str, Found]) -> tuple[str, bool]:
    """Return the notices as text, and whether one of them makes the step manual."""
    met = [pair for read in action.before for pair in applicable_notices(read, before.get(read.name))]
    is_by_hand = any(notice.by_hand for notice, _ in met)
    texts = [text for notice, text in met if notice.by_hand or not is_by_hand]
    return "; ".join(texts), is_by_hand


def find_targets(action: ContainmentStep, before: Mapping[str, Found]) -> list[Mapping[str, Any]]:
    """Return the objects that the change applies to, each once."""
    if not action.each:
        return [{}]
    read = next(one for one in action.before if one.name == action.each)
    return list(match_conditions(read, before.get(action.each)))


def _meets_condition(item: Mapping[str, Any], condition: TargetCondition) -> bool:
    value = find_value(item, condition.field)
    if condition.operator == "missing":
        return value is None
    if not isinstance(value, str | int):
        return False
    text = str(value).casefold()
    if condition.operator == "outside":
        return text not in condition.value.casefold().split("|")
    if condition.operator == "equal":
        return text == condition.value.casefold()
    if condition.operator == "contains":
        return condition.value.casefold() in text
    first, _, last = condition.value.partition("/")
    moments = [_moment(part) for part in (first, str(value), last)]
    if any(moment is None for moment in moments):
        return False
    start, at, end = (moment for moment in moments if moment is not None)
    return start <= at <= end


def _moment(text: str) -> int | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


def require_single_match(reads: Sequence[StateRead], state: Mapping[str, Found]) -> dict[str, Any]:
    """Return the read state with each unambiguous one-item list replaced by its item, so that later reads can name
    its fields."""
    single = dict[str, Any](state)
    for read in reads:
        items = match_conditions(read, state.get(read.name)) if read.items and read.where else []
        if len(items) == 1:
            single[read.name] = items[0]
    return single


def is_change_made(
    check: ChangeCheck,
    action: ContainmentStep,
    before: Mapping[str, Found],
    now: Found,
    item: Mapping[str, Any] | None,
) -> bool | None:
    """Return whether the vendor's state `now` shows that the change was made; None if it cannot tell.

    `before` is the state read before the change. `item` is the changed object, or the vendor's answer to the change.
    """
    if check.test == "present":
        return bool(match_conditions(_read(check, action), now))
    if check.test == "absent":
        return _is_absent(check, now, item)
    if check.test == "restored":
        return _is_restored(check, before.get(check.read), now, item)
    if not isinstance(now, Mapping):
        return None
    value = find_value(now, check.fields[0])
    if value is None:
        return None
    if check.test == "equal":
        return bool(value == check.value)
    if check.test == "among":
        return value in check.value
    then = before.get(check.read)
    return bool(value != find_value(then, check.fields[0]))


def _read(check: ChangeCheck, action: ContainmentStep) -> StateRead:
    return next(read for read in action.before if read.name == check.read)


def _is_absent(check: ChangeCheck, now: Found, item: Mapping[str, Any] | None) -> bool | None:
    if now is None:
        return True
    if isinstance(now, Mapping):
        return False
    wanted = find_value(item, check.fields[0])
    if wanted is None:
        return None
    return all(find_value(one, check.fields[0]) != wanted for one in now)


def _is_restored(check: ChangeCheck, then: Found, now: Found, item: Mapping[str, Any] | None) -> bool | None:
    if isinstance(now, list):
        # The recreated object may have a new id, so compare contents and count equal objects.
        counted = item.get(COUNTED, 0) if item is not None else 0
        return sum(has_same_fields(one, item, check.fields) for one in now) > counted
    if not isinstance(now, Mapping) or not isinstance(then, Mapping):
        return None
    return has_same_fields(now, then, check.fields)


def has_same_fields(one: Mapping[str, Any], other: Mapping[str, Any] | None, fields: tuple[str, ...]) -> bool:
    """Return whether two objects have equal values in these fields.

    Comparison ignores case because Graph returns a rule's search texts in upper case.
    """
    return other is not None and all(
        _fold(find_value(one, field)) == _fold(find_value(other, field)) for field in fields
    )


def _fold(value: Any) -> Any:
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, Mapping):
        return {key: _fold(one) for key, one in value.items()}
    return [_fold(one) for one in value] if isinstance(value, list) else value

"""Convert pySigma's condition trees into trees of this package, and inspect these."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from seawall.detection.rules.sigma.model import (
    AllOf,
    AnyOf,
    FieldComparison,
    FieldTest,
    Node,
    NotOf,
    ValueTest,
)
from seawall.detection.rules.sigma.predicates import UnsupportedRule, build_node

MOST_NODES = 20_000
MOST_DEPTH = 200
MOST_WORDS = 2_000
"""Limit of words in a condition, where `of` and `them` count once for each selection."""


def build_condition(detections: Any) -> Node:
    """Return the condition of a rule's detections; of several conditions, one must hold. Raises `UnsupportedRule`."""
    parsed = [one.parsed for one in detections.parsed_condition]
    left = count(MOST_NODES, -1)
    trees = [_convert(one, 0, left) for one in parsed if one is not None]
    if not trees:
        raise UnsupportedRule("has no condition")
    return _any_of(trees)


def refuse_endless(detection: Any) -> None:
    """Raise `UnsupportedRule` for a condition that takes too long to parse: each `of` stands for all selections."""
    wanted = detection.get("condition") if isinstance(detection, dict) else None
    words = " ".join(map(str, wanted if isinstance(wanted, list) else [wanted])).lower().split()
    if len(words) + (words.count("of") + words.count("them")) * len(detection or ()) > MOST_WORDS:
        raise UnsupportedRule(f"has a condition of more than {MOST_WORDS:,} words")


def _convert(item: Any, depth: int, left: Iterator[int]) -> Node:
    import sigma.conditions as sigma

    if depth > MOST_DEPTH:
        raise UnsupportedRule("has a condition that is nested too deep")
    if next(left) <= 0:
        raise UnsupportedRule(f"asks more than {MOST_NODES:,} questions")
    if isinstance(item, sigma.ConditionAND):
        return _all_of([_convert(one, depth + 1, left) for one in item.args])
    if isinstance(item, sigma.ConditionOR):
        return _any_of([_convert(one, depth + 1, left) for one in item.args])
    if isinstance(item, sigma.ConditionNOT):
        return NotOf(_convert(item.args[0], depth + 1, left))
    if isinstance(item, sigma.ConditionFieldEqualsValueExpression):
        return build_node(item.field, item.value)
    if isinstance(item, sigma.ConditionValueExpression):
        return build_node(None, item.value)
    raise UnsupportedRule(f"has a condition of an unknown kind: {type(item).__name__}")


def _all_of(parts: list[Node]) -> Node:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, AllOf) else (part,))]
    return flat[0] if len(flat) == 1 else AllOf(tuple(flat))


def _any_of(parts: list[Node]) -> Node:
    """Return the alternative of parts. Tests of the same field are merged into one."""
    tests: dict[str, ValueTest] = {}
    others: list[Node] = []
    for part in parts:
        for inner in part.parts if isinstance(part, AnyOf) else (part,):
            if isinstance(inner, FieldTest):
                tests[inner.field] = tests[inner.field] | inner.test if inner.field in tests else inner.test
            else:
                others.append(inner)
    flat = [*(FieldTest(field, one) for field, one in tests.items()), *others]
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def walk_nodes(tree: Node) -> Iterator[Node]:
    """Yield a tree and all nodes below it."""
    yield tree
    parts = tree.parts if isinstance(tree, AllOf | AnyOf) else (tree.part,) if isinstance(tree, NotOf) else ()
    for part in parts:
        yield from walk_nodes(part)


def list_fields(tree: Node) -> tuple[str, ...]:
    """Return the names of the fields that a tree tests, in order of first appearance."""
    found: dict[str, None] = {}
    for one in walk_nodes(tree):
        if isinstance(one, FieldTest):
            found[one.field] = None
        elif isinstance(one, FieldComparison):
            found |= {one.field: None, one.other: None}
    return tuple(found)


def list_needed_fields(tree: Node) -> tuple[str, ...]:
    """Return the fields that must have a value, or the tree cannot hold."""
    if isinstance(tree, FieldTest):
        return () if tree.test.nothing else (tree.field,)
    if isinstance(tree, FieldComparison):
        return tree.field, tree.other
    if isinstance(tree, AllOf):
        return tuple(dict.fromkeys(name for part in tree.parts for name in list_needed_fields(part)))
    if isinstance(tree, AnyOf):
        shared = [set(list_needed_fields(part)) for part in tree.parts]
        return tuple(sorted(set.intersection(*shared))) if shared else ()
    return ()

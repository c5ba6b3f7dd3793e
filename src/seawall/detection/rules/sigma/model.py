"""What a Sigma rule is here: its description, and what it asks of a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from seawall.detection.rules.sigma.folding import fold_text

LEVELS = ("informational", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class RuleDescription:
    """What a rule's file says of it. `digest` changes with every word of it that a match depends on.

    `cannot_hit` says why no record as its vendor writes it can be hit, and is empty where one may.
    """

    id: str
    title: str
    file: str
    level: str = "medium"
    status: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    false_positives: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()
    logsource: str = ""
    digest: str = ""
    cannot_hit: str = ""

    @property
    def techniques(self) -> tuple[str, ...]:
        """Return the ATT&CK techniques among the tags: T1114.003."""
        names = (tag.removeprefix("attack.") for tag in self.tags if tag.startswith("attack.t"))
        return tuple(name.upper() for name in names if name[1:2].isdigit())


@dataclass(frozen=True, slots=True)
class SkippedRule:
    """A file, or a rule in it, that does not run, and why."""

    file: str
    reason: str
    about: RuleDescription | None = None


Predicate = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class ValueTest:
    """What is asked of a value: one of some texts, or any of other predicates. `exact` and `lowered` see it folded (`folding`).

    `nothing` also holds where a field has no value. A record's field may have several values: one is enough.
    """

    exact: frozenset[str] = frozenset()
    others: tuple[Predicate, ...] = ()
    nothing: bool = False
    lowered: tuple[Predicate, ...] = ()

    @property
    def asks(self) -> bool:
        """Return whether there are values that pass."""
        return bool(self.exact or self.others or self.lowered)

    def of(self, value: str) -> bool:
        """Return whether a value passes."""
        lower = fold_text(value)
        whole = lower.strip()
        return (
            whole in self.exact
            or any(passes(lower) or passes(whole) for passes in self.lowered)
            or any(passes(value) for passes in self.others)
        )

    def __or__(self, other: ValueTest) -> ValueTest:
        """Return the test that holds where either does."""
        return ValueTest(
            self.exact | other.exact,
            (*self.others, *other.others),
            self.nothing or other.nothing,
            (*self.lowered, *other.lowered),
        )


@dataclass(frozen=True, slots=True)
class FieldTest:
    """A test of a field, by the name that the rule uses."""

    field: str
    test: ValueTest


@dataclass(frozen=True, slots=True)
class KeywordTest:
    """A text that stands anywhere in the record."""

    test: ValueTest
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """Two fields share a value, or one's begins or ends with the other's."""

    field: str
    other: str
    starts: bool = False
    ends: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class NotOf:
    """The part does not hold."""

    part: Node


Node = FieldTest | KeywordTest | FieldComparison | AllOf | AnyOf | NotOf


@dataclass(frozen=True, slots=True)
class SigmaRule:
    """A rule that looks at single records. `is_silent` ones are asked only for the correlations that name them."""

    about: RuleDescription
    product: str
    service: str
    condition: Node
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class SigmaCorrelation:
    """A rule that looks at records which other rules hit.

    `rules` are places in the set of single rules, `kind` event_count, value_count, temporal or temporal_ordered; `span` is in
    microseconds. `group_by` names per rule the fields whose values records share, `value` per rule the fields of which distinct
    values are counted. `operator` and `count` say how many are enough.
    """

    about: RuleDescription
    kind: str
    rules: tuple[int, ...]
    span: int
    operator: str
    count: float
    group_by: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    value: tuple[str, ...] = ()

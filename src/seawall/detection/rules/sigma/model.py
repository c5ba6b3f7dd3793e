"""Define the compiled form of Sigma rules: descriptions, tests and condition trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from seawall.detection.rules.sigma.folding import fold_text

LEVELS = ("informational", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class RuleDescription:
    """Hold a rule's metadata. `digest` changes with any change of the document.

    `cannot_hit` says why no record as its vendor writes it can match, and is "" if one may.
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
        """Return the ids of the ATT&CK techniques among the tags, such as T1114.003."""
        names = (tag.removeprefix("attack.") for tag in self.tags if tag.startswith("attack.t"))
        return tuple(name.upper() for name in names if name[1:2].isdigit())


@dataclass(frozen=True, slots=True)
class SkippedRule:
    """Name a file, or a rule in it, that does not run, and the reason."""

    file: str
    reason: str
    about: RuleDescription | None = None


Predicate = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class ValueTest:
    """Test a field's value against texts and predicates; one match is enough, and so is one of several values of the field.

    `exact` and `lowered` get the folded value (see `folding`), `others` the original. With `nothing`, a field without a
    value passes.
    """

    exact: frozenset[str] = frozenset()
    others: tuple[Predicate, ...] = ()
    nothing: bool = False
    lowered: tuple[Predicate, ...] = ()

    @property
    def asks(self) -> bool:
        """Return whether any value can pass."""
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
        """Return the test that holds if either does."""
        return ValueTest(
            self.exact | other.exact,
            (*self.others, *other.others),
            self.nothing or other.nothing,
            (*self.lowered, *other.lowered),
        )


@dataclass(frozen=True, slots=True)
class FieldTest:
    """Test a field, by its name in the rule."""

    field: str
    test: ValueTest


@dataclass(frozen=True, slots=True)
class KeywordTest:
    """Search for a text anywhere in the record."""

    test: ValueTest
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """Test whether two fields share a value, or whether a value of one begins or ends with one of the other."""

    field: str
    other: str
    starts: bool = False
    ends: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """Hold if every part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Hold if at least one part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class NotOf:
    """Hold if the part does not."""

    part: Node


Node = FieldTest | KeywordTest | FieldComparison | AllOf | AnyOf | NotOf


@dataclass(frozen=True, slots=True)
class SigmaRule:
    """Hold a rule on single records. One with `is_silent` runs only for the correlations that name it."""

    about: RuleDescription
    product: str
    service: str
    condition: Node
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class SigmaCorrelation:
    """Hold a rule on the records that other rules hit.

    `rules` are indices of single rules; `kind` is event_count, value_count, temporal or temporal_ordered; `span` is in
    microseconds. `group_by` maps each rule to the fields whose values records must share. `value` are the fields whose
    distinct values are counted. `operator` and `count` are the condition on the number.
    """

    about: RuleDescription
    kind: str
    rules: tuple[int, ...]
    span: int
    operator: str
    count: float
    group_by: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    value: tuple[str, ...] = ()

"""Compile folders of Sigma rules into a rule set. Each rule that does not run is listed with its reason."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from seawall.detection.rules.sigma import fields
from seawall.detection.rules.sigma.conditions import build_condition, list_needed_fields, refuse_endless
from seawall.detection.rules.sigma.documents import RuleDocument, make_readable, read_documents
from seawall.detection.rules.sigma.idle_rules import find_idle_reason
from seawall.detection.rules.sigma.model import (
    LEVELS,
    RuleDescription,
    SigmaCorrelation,
    SigmaRule,
    SkippedRule,
)
from seawall.detection.rules.sigma.patterns import make_policy
from seawall.detection.rules.sigma.predicates import UnsupportedRule
from seawall.detection.rules.sigma.run import RuleSet
from seawall_base.errors import InputUnreadable

LONGEST_SPAN_SECONDS = 7 * 86_400
KINDS = ("event_count", "value_count", "temporal", "temporal_ordered")
MOST_RULES = 5_000
_NO_ID = re.compile(r"[^a-zA-Z0-9._-]+")
_LONGEST = 2_000
_LONGEST_REASON = 300
PACK = "pack"
BROKEN = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""Exceptions that pySigma raises for malformed rules besides its own errors."""


@cache
def load_builtin_rules() -> RuleSet:
    """Return the rules that ship with Seawall, read once per process."""
    return compile_rules(_read_places([_pack_place()]))


def load_rules(folders: Sequence[Path], *, with_pack: bool = True) -> RuleSet:
    """Return the rules of the built-in pack and of folders or files. Raises `InputUnreadable` for a missing path.

    Each result has its own caches, so that no scan influences another.
    """
    if with_pack and not folders:
        pack = load_builtin_rules()
        return RuleSet(pack.rules, pack.correlations, pack.skipped)
    missing = [folder for folder in folders if not folder.is_dir() and not folder.is_file()]
    if missing:
        raise InputUnreadable(f"no such folder or file of rules: {missing[0]}", fix="check --rules")
    places = [_pack_place()] if with_pack else []
    places += [(folder.name or str(folder), folder) for folder in folders]
    return compile_rules(_read_places(places))


def _pack_place() -> tuple[str, Path]:
    return PACK, Path(str(resources.files("seawall.detection.rules") / PACK))


def _read_places(places: Sequence[tuple[str, Path]]) -> Iterator[RuleDocument | SkippedRule]:
    """Yield the documents of each place, with files named by it."""
    for name, place in places:
        for one in read_documents(place) if place.exists() else ():
            yield replace(one, file=f"{name}/{one.file}" if place.is_dir() else one.file)


def compile_rules(found: Iterable[RuleDocument | SkippedRule]) -> RuleSet:
    """Return the rule set of documents that were read."""
    reading = _Reading()
    for one in found:
        if isinstance(one, SkippedRule):
            reading.skipped.append(one)
        else:
            reading.take(one)
    reading.correlate()
    return RuleSet(tuple(reading.rules), tuple(reading.correlations), tuple(reading.skipped))


class _Reading:
    """Compile rules one by one. Correlations wait until the rules that they name are compiled."""

    def __init__(self) -> None:
        self.rules: list[SigmaRule] = []
        self.correlations: list[SigmaCorrelation] = []
        self.skipped: list[SkippedRule] = []
        self._names: dict[str, int] = {}
        self._files: dict[str, str] = {}
        self._waiting: list[tuple[RuleDescription, Any]] = []

    def take(self, document: RuleDocument) -> None:
        """Compile one document, or record why it is skipped."""
        about: RuleDescription | None = None
        try:
            about = _describe(document)
            self._refuse_another(about)
            if "correlation" in document.content:
                self._waiting.append((about, _correlation_of(document.content)))
            else:
                self._compile_single(about, document.content)
        except UnsupportedRule as error:
            self.skipped.append(SkippedRule(document.file, str(error), about))
        except BROKEN as error:
            self.skipped.append(SkippedRule(document.file, f"cannot be parsed: {_reason(error)}", about))
        else:
            self._files[about.id] = document.file

    def _refuse_another(self, about: RuleDescription) -> None:
        if about.id in self._files:
            raise UnsupportedRule(f"has the id of {self._files[about.id]}")
        if len(self._files) >= MOST_RULES:
            raise UnsupportedRule(f"is one of more than {MOST_RULES:,} rules")

    def _compile_single(self, about: RuleDescription, content: dict[str, Any]) -> None:
        from sigma.collection import SigmaCollection

        if content.get("action") is not None:
            raise UnsupportedRule("is a part of a collection (action), which is not read")
        if "filter" in content:
            raise UnsupportedRule("is a filter for other rules, which is not read")
        refuse_endless(content.get("detection"))
        collection = SigmaCollection.from_dicts([content], collect_errors=True, policy=make_policy())
        errors = [*collection.errors, *(error for rule in collection.rules for error in rule.errors)]
        if errors or not collection.rules:
            raise UnsupportedRule(f"cannot be parsed: {_reason(errors[0]) if errors else 'holds no rule'}")
        rule: Any = collection.rules[0]
        product, service = _name(rule.logsource.product), _name(rule.logsource.service)
        looks = fields.find_families(product, service, _name(rule.logsource.category))
        if not looks:
            raise UnsupportedRule(f"looks at logs that are not read here: {about.logsource}")
        tree = build_condition(rule.detection)
        _refuse_unanswerable(tree, looks)
        self._names |= {name: len(self.rules) for name in _names_of(content, about)}
        why = find_idle_reason(content.get("detection"), tree, looks)
        self.rules.append(SigmaRule(replace(about, cannot_hit=why) if why else about, product, service, tree))

    def correlate(self) -> None:
        """Connect the correlations to the rules that they name."""
        for about, read in self._waiting:
            try:
                self.correlations.append(self._connect(about, read))
            except UnsupportedRule as error:
                self.skipped.append(SkippedRule(about.file, str(error), about))
            except BROKEN as error:
                self.skipped.append(SkippedRule(about.file, f"cannot be parsed: {_reason(error)}", about))

    def _connect(self, about: RuleDescription, read: Any) -> SigmaCorrelation:
        places = []
        for reference in read.rules or ():
            place = self._names.get(str(reference.reference).lower())
            if place is None:
                raise UnsupportedRule(f"names a rule that does not run: {reference.reference}")
            places.append(place)
        kind = read.type.name.lower()
        if kind not in KINDS:
            raise UnsupportedRule(f"correlates by {kind}, which is not counted here")
        if not places or not hasattr(read.condition, "op"):
            raise UnsupportedRule("has a condition over rules (and, or, not), which is not read")
        if read.timespan.seconds > LONGEST_SPAN_SECONDS:
            raise UnsupportedRule(f"looks back more than {LONGEST_SPAN_SECONDS // 86_400} days")
        if not read.generate:
            for place in set(places):
                self.rules[place] = replace(self.rules[place], is_silent=True)
        idle = [self.rules[place].about.cannot_hit for place in places]
        if (any if kind.startswith("temporal") else all)(idle):
            about = replace(about, cannot_hit=f"names a rule that {next(filter(None, idle))}")
        return SigmaCorrelation(
            about,
            kind,
            tuple(places),
            read.timespan.seconds * 1_000_000,
            read.condition.op.name.lower(),
            float(read.condition.count),
            {place: self._find_groups(read, place) for place in places},
            _value_fields(read.condition.fieldref),
        )

    def _find_groups(self, read: Any, place: int) -> tuple[str, ...]:
        """Return the fields by which a correlation groups a rule's records, with aliases replaced by the rule's own fields."""
        chosen = []
        for name in read.group_by or ():
            alias = read.aliases.aliases.get(name)
            own = [] if alias is None else [
                spelled
                for reference, spelled in alias.mapping.items()
                if self._names.get(str(reference.reference).lower()) == place
            ]  # fmt: skip
            chosen.append(str(own[0]) if own else name)
        return tuple(chosen)


def _correlation_of(content: dict[str, Any]) -> Any:
    from sigma.correlations import SigmaCorrelationRule

    read = SigmaCorrelationRule.from_dict(content, collect_errors=True)
    if read.errors:
        raise UnsupportedRule(f"cannot be parsed: {_reason(read.errors[0])}")
    return read


def _value_fields(reference: Any) -> tuple[str, ...]:
    if reference is None:
        return ()
    return tuple(map(str, reference)) if isinstance(reference, list) else (str(reference),)


def _refuse_unanswerable(tree: Any, looks: Sequence[tuple[str, tuple[str, ...]]]) -> None:
    """Raise `UnsupportedRule` if a rule needs a field that no source keeps."""
    for name in list_needed_fields(tree):
        if not any(fields.find_answers(family, name) for family, _ in looks):
            raise UnsupportedRule(f"asks for {name}, which events do not keep")


def _names_of(content: dict[str, Any], about: RuleDescription) -> Iterable[str]:
    return {str(content[key]).lower() for key in ("id", "name") if content.get(key) is not None} | {about.id}


def _describe(document: RuleDocument) -> RuleDescription:
    """Return a document's description of itself; its values may have any type."""
    content = document.content
    source = content.get("logsource")
    logsource = source if isinstance(source, dict) else {}
    parts = (logsource.get(key) for key in ("product", "category", "service"))
    level = str(content.get("level", "medium")).lower()
    name = str(content.get("id") or content.get("name") or Path(document.file).with_suffix("").as_posix())
    try:
        canonical = json.dumps(content, sort_keys=True, default=str, ensure_ascii=True)
    except TypeError:  # keys that are not strings cannot be sorted
        canonical = ascii(content)
    return RuleDescription(
        _NO_ID.sub("-", name.lower())[:100],
        _read(content.get("title")) or Path(document.file).stem,
        document.file,
        level if level in LEVELS else "medium",
        _read(content.get("status")),
        _read(content.get("description")),
        _list(content.get("tags")),
        _list(content.get("falsepositives")),
        _list(content.get("misses")),
        _read("/".join(str(part) for part in parts if part)) or "any",
        hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest(),
    )


def _read(value: Any) -> str:
    return "" if value is None else make_readable(" ".join(str(value).split())[:_LONGEST])


def _list(value: Any) -> tuple[str, ...]:
    some = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(_read(one) for one in some[:100])


def _name(value: Any) -> str:
    return "" if value is None else str(value).lower()


def _reason(error: BaseException) -> str:
    """Return an error's text, shortened in the middle, because the cause stands at its end."""
    said = " ".join(str(error).split())
    said = said if len(said) <= _LONGEST_REASON else f"{said[:100]} … {said[100 - _LONGEST_REASON :]}"
    return make_readable(said) or type(error).__name__

"""Match a request against path rules: rules that open a path match narrowly, rules that restrict it match widely.

An application may treat two spellings of a path as one (`/Admin`, `/admin%20`, `/reports.json`, `/index.php/admin`). The
gate does not know the application. A rule that opens a path therefore matches only the exact spelling. A rule that
restricts a path also matches every spelling that an application may fold into it. If readings match different rules, all
must be met.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seawall.gate.refusals import MethodOverride
from seawall.gate.request_path import strip_disguise

if TYPE_CHECKING:
    from seawall.gate.path_rule import PathRule

_SCRIPTS = "php[0-9]?|phtml|phar|f?cgi|pl|py|rb|lua|aspx?|ashx|asmx|cfm|jspx?|do|action|exe|dll"
_SCRIPT = re.compile(rf"/[^/]+\.(?:{_SCRIPTS})(?=/)")
"""A script that takes the rest of the path as argument (CGI's `PATH_INFO`): `/index.php/admin` may act as `/admin`."""

_SUFFIX = r"(?:[^\w/-][^/]*)?"
"""A suffix after which an application may still see the same name: `.json`, `:$DATA`, `,x`, but no letter or digit."""

_FOLDED = re.compile(r"(?:/[a-z0-9_.-]*[a-z0-9_-])+")
_CUT = re.compile(r"[;?#].*")


def fold_path(path: str) -> str:
    """Return the path as the most lenient application reads it.

    Case, accents, zero-width characters, blanks around names, dots after names and empty names are removed.
    """
    if _FOLDED.fullmatch(path):
        return path
    text = path if path.isascii() else strip_disguise(path)
    # Some compare in upper case, where `ı` is `I`: fold in both directions.
    names = (name for name in text.upper().casefold().split("/") if name)
    return "/" + "/".join(_CUT.sub("", name).replace("+", " ").strip().rstrip(". ") or name for name in names)


@dataclass(frozen=True, slots=True)
class PathMatch:
    """The outcome of matching one request.

    All of `rules` must be met; without rules a valid token is enough. `public`: no token is needed. An elevation counts if
    it was given for the path `within` or a longer one; `below` tells whether it covers the paths below.
    """

    rules: tuple[PathRule, ...] = ()
    public: bool = False
    within: str = ""
    below: bool = False


NO_RULE = PathMatch()


class _Reading:
    """One rule with three ways to match a path: as written, spelled otherwise, and with a suffix after a name."""

    __slots__ = ("_exact", "_respelled", "_suffixed", "length", "path", "rule")

    def __init__(self, rule: PathRule) -> None:
        self.rule = rule
        self.path = rule.exact or rule.prefix
        self.length = len(self.path)
        self._exact = bool(rule.exact)
        self._respelled = fold_path(self.path)
        self._suffixed = re.compile(_suffixed_pattern(self._respelled, exact=self._exact), re.DOTALL)

    def is_about(self, method: str) -> bool:
        methods = self.rule.methods
        return not methods or method in methods or (method == "HEAD" and "GET" in methods)

    def fits_as_written(self, path: str) -> bool:
        if self._exact:
            return path == self.path
        if self.rule.public and self.path.endswith("/"):
            return path.startswith(self.path)
        stem = self.path.rstrip("/")
        return path == stem or path.startswith(stem + "/")

    def fits_respelled(self, folded: str) -> bool:
        if self._exact:
            return folded == self._respelled
        return folded == self._respelled or folded.startswith(self._respelled.rstrip("/") + "/")

    def holds(self, path: str) -> bool:
        """Return whether the path belongs to this rule, ignoring nothing but case."""
        own, folded = self.path.casefold(), path.casefold()
        below = own.rstrip("/") + "/"
        return folded in {own, below} or (not self._exact and folded.startswith(below))

    def fits_suffixed(self, folded: str) -> bool:
        return self._suffixed.fullmatch(folded) is not None


def _suffixed_pattern(folded: str, *, exact: bool) -> str:
    names = [re.escape(name) for name in folded.split("/") if name]
    if not names:
        return "/" if exact else "/.*"
    *before, last = (f"/{name}" for name in names)
    begin = "".join(name + _SUFFIX for name in before) + last
    if not exact:
        return rf"{begin}{_SUFFIX}(?:/.*)?"
    # Below a script there is only its argument, so a rule for the script covers that too.
    script = rf"(?:/?{_SUFFIX}\.(?:{_SCRIPTS}))"
    if re.search(rf"\.(?:{_SCRIPTS})\Z", folded):
        script += "?"
    return rf"{begin}(?:{_SUFFIX}|/\.[^/]*|{script}/.*)"


class PathRules:
    """The rules of a gate, longest path first."""

    __slots__ = ("_asking", "_names_methods", "_readings")

    def __init__(self, rules: Sequence[PathRule]) -> None:
        def weight(rule: PathRule) -> tuple[int, bool, bool]:
            return len(rule.exact or rule.prefix), bool(rule.exact), bool(rule.methods)

        self._readings = tuple(_Reading(rule) for rule in sorted(rules, key=weight, reverse=True))
        self._asking = tuple(reading for reading in self._readings if not reading.rule.public)
        self._names_methods = any(rule.methods for rule in rules)

    def __bool__(self) -> bool:
        return bool(self._readings)

    def match(self, path: str, method: str, *, overridden: bool, escaped: bool = False) -> PathMatch:
        """Return the rules that apply to the request.

        The rule with the longest path that matches exactly decides; `exact` comes before `prefix`, a rule for the method
        before one for all methods. Restricting rules with a longer path that match another reading are added.

        `path` is as `decode_path` returns it. `escaped`: the client escaped characters without need; then no rule opens the
        path. `overridden`: a header makes some applications act on another method. Raises `MethodOverride` then if rules
        depend on the method.
        """
        if not self._readings:
            return NO_RULE
        if overridden and self._names_methods:
            raise MethodOverride
        deciding = self._as_written(path, method, escaped=escaped)
        added = self._otherwise(fold_path(path), method, deciding)
        if deciding is not None and deciding.rule.public:
            if not added:
                return PathMatch(public=True)
            return PathMatch(tuple(reading.rule for reading in added), within=path)
        every = [deciding, *added] if deciding is not None else added
        if not every:
            return NO_RULE
        rules = tuple(reading.rule for reading in every)
        (first, *more) = every
        if not more and first.holds(path):
            return PathMatch(rules, within=first.path, below=bool(first.rule.prefix))
        return PathMatch(rules, within=path)

    def _as_written(self, path: str, method: str, *, escaped: bool) -> _Reading | None:
        for reading in self._readings:
            if (
                reading.is_about(method)
                and reading.fits_as_written(path)
                and not (escaped and reading.rule.public)
            ):
                return reading
        return None

    def _otherwise(self, folded: str, method: str, deciding: _Reading | None) -> list[_Reading]:
        """Return the restricting rules that match another reading of the path, without the deciding rule."""
        least = deciding.length if deciding is not None else 0
        added = list(self._restricting_rules(folded, method, least))
        for script in _SCRIPT.finditer(folded):
            # Whatever the rule for the script, its argument may lead to a path that any other rule restricts.
            argument = folded[script.end() :]
            added += self._restricting_rules(argument, method, 0)
            added += self._restricting_rules(folded[: script.start()] + argument, method, 0)
        return [reading for reading in dict.fromkeys(added) if reading is not deciding]

    def _restricting_rules(self, folded: str, method: str, least: int) -> Iterator[_Reading]:
        """Yield the rules longer than `least` that match: the longest one, and every one that matches only with a suffix."""
        respelled = False
        for reading in self._asking:
            if reading.length <= least:
                return
            if not reading.is_about(method):
                continue
            if reading.fits_respelled(folded):
                if not respelled:
                    yield reading
                respelled = True
            elif not respelled and reading.fits_suffixed(folded):
                yield reading

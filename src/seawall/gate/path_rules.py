"""The rules that a request falls under: what a rule opens is read narrowly, what it asks for is read widely.

A backend may take two spellings of a path for one (`/Admin`, `/admin%20`, `/reports.json`, `/index.php/admin`). The gate does
not know which backend that is. So a rule that opens a path fits it only as written, and a rule that asks for something
also fits every spelling that a backend may fold. Where readings lead to different rules, all of them must be met.
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
"""A script that takes the rest of the path as an argument (CGI's `PATH_INFO`): `/index.php/admin` may be `/admin`."""

_SUFFIX = r"(?:[^\w/-][^/]*)?"
"""What may follow a name and leave it the same to a backend: `.json`, `:$DATA`, `,x`, but no further letter or digit."""

_FOLDED = re.compile(r"(?:/[a-z0-9_.-]*[a-z0-9_-])+")
_CUT = re.compile(r"[;?#].*")


def fold_path(path: str) -> str:
    """Return the path as the most careless backend reads it.

    Case, accents, zero-width characters, blanks around a name, dots behind it and empty names make no difference to it.
    """
    if _FOLDED.fullmatch(path):
        return path
    text = path if path.isascii() else strip_disguise(path)
    # Some compare in upper case, where `ı` is `I`; what folds in either direction is the same here.
    names = (name for name in text.upper().casefold().split("/") if name)
    return "/" + "/".join(_CUT.sub("", name).replace("+", " ").strip().rstrip(". ") or name for name in names)


@dataclass(frozen=True, slots=True)
class PathMatch:
    """What the rules say about one request.

    `rules` must all be met; none means that a valid token is enough. `public`: no token is needed. An elevation counts
    when it was given for the path `within` or a longer one, `below` tells whether it then holds for what lies below it.
    """

    rules: tuple[PathRule, ...] = ()
    public: bool = False
    within: str = ""
    below: bool = False


NO_RULE = PathMatch()


class _Reading:
    """One rule, and the three ways in which a path may fit it: as written, spelled otherwise, with something behind a name."""

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
        """Whether the path is of this rule without any folding but that of case."""
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
    # Below a script is nothing but its argument, so that a rule for the script is about that too.
    script = rf"(?:/?{_SUFFIX}\.(?:{_SCRIPTS}))"
    if re.search(rf"\.(?:{_SCRIPTS})\Z", folded):
        script += "?"
    return rf"{begin}(?:{_SUFFIX}|/\.[^/]*|{script}/.*)"


class PathRules:
    """The rules of a gate, the longest path first."""

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
        """Return the rules that the request falls under.

        The rule of the longest path that fits as written decides, `exact` before `prefix`, one that names the method before
        one that does not. Rules that ask for something and fit another reading of the path by a longer path are added.

        `path` is as `plain_path` returns it. `escaped` says that the client escaped characters that need none: no rule
        then opens the path. `overridden` says that the request carries a header that makes some applications act on
        another method: where rules depend on the method it is refused (`MethodOverride`).
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
        """The rules that ask for something in another reading of the path, without the one that decides."""
        least = deciding.length if deciding is not None else 0
        added = list(self._asked_of(folded, method, least))
        for script in _SCRIPT.finditer(folded):
            # Whatever rule there is for the script: its argument may lead to what any other rule guards.
            argument = folded[script.end() :]
            added += self._asked_of(argument, method, 0)
            added += self._asked_of(folded[: script.start()] + argument, method, 0)
        return [reading for reading in dict.fromkeys(added) if reading is not deciding]

    def _asked_of(self, folded: str, method: str, least: int) -> Iterator[_Reading]:
        """The longest rule that fits, and every rule that fits only with something behind a name; longer than `least`."""
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

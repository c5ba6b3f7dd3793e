"""One test case: a token, the attack that it represents, and the required outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from seawall_tokens.conformance.token_factory import TokenFactory

from seawall_tokens.conformance.presentation import Presentation

Harm = Literal["forgery", "misuse", "laxity", "exhaustion"]

HARMS: Final[dict[Harm, str]] = {
    "forgery": "an attacker without the issuer's key gets in: no other check matters then",
    "misuse": "a real token or key works at a place, time, purpose or account that it was not issued for",
    "laxity": "nobody gets in by this alone, but a standard or good practice forbids it: two parsers may read two values",
    "exhaustion": "the token costs the verifier time or memory",
}
"""The consequence of accepting a hostile token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A named presentation of a token. `codes` are the fitting refusals, Seawall's first; a control has none and no `harm`.

    `attack` describes the attack in one sentence; `source` is where the rule is written. `needs` are the capabilities
    that the case requires.
    """

    name: str
    attack: str
    source: str
    build: Callable[[TokenFactory], Presentation]
    codes: tuple[str, ...] = ()
    harm: Harm | None = None
    needs: frozenset[str] = frozenset()
    family: str = ""

    @property
    def is_hostile(self) -> bool:
        """Return whether the token must be refused."""
        return bool(self.codes)


def hostile(
    name: str,
    attack: str,
    source: str,
    codes: str,
    harm: Harm,
    build: Callable[[TokenFactory], Presentation],
    needs: str = "",
) -> Case:
    """Build a case whose token must be refused. `codes` and `needs` are space-separated words."""
    return Case(
        name=name,
        attack=attack,
        source=source,
        codes=tuple(codes.split()),
        harm=harm,
        build=build,
        needs=frozenset(needs.split()),
    )


def control(
    name: str, words: str, source: str, build: Callable[[TokenFactory], Presentation], needs: str = ""
) -> Case:
    """Build a case whose token must be accepted.

    Without controls, a verifier that refuses everything would pass.
    """
    return Case(name=name, attack=words, source=source, build=build, needs=frozenset(needs.split()))


@dataclass(frozen=True, slots=True)
class Family:
    """Related cases; `words` is the family's subject."""

    name: str
    words: str
    cases: tuple[Case, ...]

    @classmethod
    def build(cls, name: str, words: str, *cases: Case) -> Family:
        """Build a family and set it on its cases."""
        return cls(name, words, tuple(replace(case, family=name) for case in cases))

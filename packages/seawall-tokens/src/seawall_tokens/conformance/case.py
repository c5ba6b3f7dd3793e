"""One case of the battery: a token, the attack it stands for, and what must become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from seawall_tokens.conformance.token_factory import TokenFactory

from seawall_tokens.conformance.presentation import Presentation

Harm = Literal["forgery", "misuse", "laxity", "exhaustion"]

HARMS: Final[dict[Harm, str]] = {
    "forgery": "somebody without the issuer's key gets in: everything else is moot",
    "misuse": "a real token or key works where, when, for what or for whom it was not meant",
    "laxity": "nobody gets in by this alone, but a standard or prudence rules it out: two parsers may read two things",
    "exhaustion": "the token costs the verifier time or memory",
}
"""What follows when a hostile token is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A named presentation. `codes` are the refusals that fit, Seawall's first; a control has none and no `harm`.

    `attack` says in one sentence what it stands for, `source` where the rule stands. `needs` are capabilities.
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
    def hostile(self) -> bool:
        """Whether it must be refused."""
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
    """A token that must be refused. `codes` and `needs` are words in one text."""
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
    """A token that must be accepted: without these a verifier that refuses everything would look perfect."""
    return Case(name=name, attack=words, source=source, build=build, needs=frozenset(needs.split()))


@dataclass(frozen=True, slots=True)
class Family:
    """Cases that belong together; `words` is what the family is about."""

    name: str
    words: str
    cases: tuple[Case, ...]

    @classmethod
    def of(cls, name: str, words: str, *cases: Case) -> Family:
        """A family whose cases know it."""
        return cls(name, words, tuple(replace(case, family=name) for case in cases))

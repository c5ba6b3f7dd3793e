"""Regular expressions of rules: compiled by RE2 within limits, here and while pySigma looks whether they are any."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

LONGEST_PATTERN = 4_096
MOST_MEMORY = 1 << 22
"""Bytes that RE2 may use for one pattern when it searches."""

MOST_PROGRAM = 1 << 20
"""Bytes that decide whether a pattern is too large: RE2 takes seconds to compile one of a few more."""


def compile_pattern(pattern: str, *, memory: int = MOST_MEMORY) -> Any:
    """Return a compiled pattern. Raises `re2.error`. RE2 itself says nothing: what it would say is the rule's own text."""
    if len(pattern) > LONGEST_PATTERN:
        raise re2.error(f"{len(pattern):,} characters")
    options = re2.Options()
    options.max_mem, options.log_errors = memory, False
    return re2.compile(pattern, options)


@lru_cache(maxsize=1)
def make_policy() -> Any:
    """Return what pySigma checks patterns with."""
    from sigma.policy import SigmaPolicy
    from sigma.policy.regex_engine import RE2RegexEngine

    class Engine(RE2RegexEngine):
        def compile(self, pattern: str, flags: int = 0) -> Any:
            del flags  # they change what it finds, not whether it is a pattern
            return compile_pattern(pattern, memory=MOST_PROGRAM)

    return SigmaPolicy(regex_engine=Engine())

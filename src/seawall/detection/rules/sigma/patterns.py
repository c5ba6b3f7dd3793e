"""Compile rules' regular expressions with RE2 within limits, also while pySigma validates them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

LONGEST_PATTERN = 4_096
MOST_MEMORY = 1 << 22
"""Bytes that RE2 may use for searching with one pattern."""

MOST_PROGRAM = 1 << 20
"""Bytes that a pattern may take during validation. RE2 takes seconds to compile larger ones."""


def compile_pattern(pattern: str, *, memory: int = MOST_MEMORY) -> Any:
    """Return a compiled pattern. Raises `re2.error`. RE2's own log is off, because it would quote the rule."""
    if len(pattern) > LONGEST_PATTERN:
        raise re2.error(f"{len(pattern):,} characters")
    options = re2.Options()
    options.max_mem, options.log_errors = memory, False
    return re2.compile(pattern, options)


@lru_cache(maxsize=1)
def make_policy() -> Any:
    """Return the policy by which pySigma validates patterns."""
    from sigma.policy import SigmaPolicy
    from sigma.policy.regex_engine import RE2RegexEngine

    class Engine(RE2RegexEngine):
        def compile(self, pattern: str, flags: int = 0) -> Any:
            del flags  # flags do not affect validity
            return compile_pattern(pattern, memory=MOST_PROGRAM)

    return SigmaPolicy(regex_engine=Engine())

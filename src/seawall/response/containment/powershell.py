"""Commands for PowerShell with values that come from logs: a value is a literal, or there is no command. Pure."""

from __future__ import annotations

import re
from typing import Final

from seawall_base.safe_text import visible

LONGEST: Final = 320
_QUOTES: Final = re.compile("['\u2018\u2019\u201a\u201b]")
"""PowerShell ends a single-quoted text at any of these."""


def quote_literal(value: str) -> str | None:
    """The value as a single-quoted literal; None for one that no name can be: too long, or with hidden characters.

    A line that holds a line break would be run in parts when it is pasted, quotes or not.
    """
    if not value or len(value) > LONGEST or visible(value) != value or value != value.strip():
        return None
    doubled = _QUOTES.sub(lambda quote: quote[0] * 2, value)
    return f"'{doubled}'"


def fill_command(template: str, **values: str) -> str | None:
    """The template with each `{name}` replaced by a literal; None where one of the values cannot be one."""
    literals = {name: quote_literal(value) for name, value in values.items()}
    if any(text is None for text in literals.values()):
        return None
    return re.sub(r"\{(\w+)\}", lambda found: literals[found[1]] or "", template)

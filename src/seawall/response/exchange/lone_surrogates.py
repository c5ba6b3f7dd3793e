"""Replace escaped lone surrogates in JSON: one in one object would make the JSON of all others unreadable."""

from __future__ import annotations

import re
from typing import Final

_ESCAPES: Final = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def replace_lone_escapes(content: bytes) -> bytes:
    r"""Return JSON in which `\ufffd` stands for every escaped surrogate that is half of nothing."""
    return _ESCAPES.sub(lambda found: rb"\ufffd" if found[1] else found[0], content)

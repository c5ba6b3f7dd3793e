"""Write a settings file to fill in: every setting of a dataclass with its meaning and default, as comments.

A line that begins with `# ` is a sentence. A line that begins with `#` and no blank is a setting: without the `#` it counts. So
the file as written is valid, and says no more than the defaults.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

from seawall_base.settings_table import DeclaredSetting, settings_of

_WIDTH: Final = 110


def write_template(kind: type, head: str, given: Mapping[str, str] | None = None) -> str:
    """Return the text of a settings file for a dataclass of settings; `head` says what it is for.

    `given` are values by place, such as `transmitter.issuer`, for what the file cannot do without; they are not comments. Named
    tables are left out: their names are the reader's.
    """
    lines = [*_comment(head), "", *_describe_table(kind, "", given or {})]
    return re.sub("\n\n+", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _describe_table(kind: type, at: str, given: Mapping[str, str]) -> Iterator[str]:
    settings = settings_of(kind)
    for one in settings:
        if one.shape == "value":
            yield from _describe_value(one, f"{at}{one.name}", given)
    for one in settings:
        if one.shape not in ("table", "tables"):
            continue
        place = f"{at}{one.name}"
        mark = "" if any(name.startswith(f"{place}.") for name in given) else "#"
        opening, closing = ("[", "]") if one.shape == "table" else ("[[", "]]")
        yield ""
        yield from _comment(_sentence(one))
        yield f"{mark}{opening}{place}{closing}"
        yield from _describe_table(one.hint, f"{place}.", given)


def _describe_value(one: DeclaredSetting, place: str, given: Mapping[str, str]) -> Iterator[str]:
    needed = ". Needed." if one.is_needed else ""
    yield from _comment(_sentence(one) + needed)
    value = given.get(place)
    if value is not None:
        yield f"{one.name} = {json.dumps(value, ensure_ascii=False)}"
    else:
        is_empty = one.is_needed or one.default is None
        written = _EMPTY.get(one.kind, '""') if is_empty else _write_value(one.default)
        yield f"#{one.name} = {written}"


def _sentence(one: DeclaredSetting) -> str:
    words = one.meaning.words
    return words[:1].upper() + words[1:]


def _comment(text: str) -> list[str]:
    return [
        f"# {line}" for line in textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    ]


_EMPTY: Final = {"texts": "[]", "whole number": "0", "number": "0", "true or false": "false"}
"""What stands for a value that has no default, by kind of setting; for all others an empty text."""


def _write_value(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(_write_value(one) for one in value)}]"
    if isinstance(value, bool | int | float | str):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(str(value), ensure_ascii=False)

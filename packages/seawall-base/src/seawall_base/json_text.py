"""Encode any value as JSON in UTF-8. Lone surrogates, which UTF-8 cannot express, become `?`."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any, Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_SORTING_ENCODER: Final = msgspec.json.Encoder(decimal_format="number", order="sorted")


def encode_json(value: Any, *, sort_keys: bool = False) -> bytes:
    """Return a value as JSON without blanks. With `sort_keys`, equal values give equal bytes."""
    encoder = _SORTING_ENCODER if sort_keys else _ENCODER
    try:
        return encoder.encode(value)
    except UnicodeEncodeError:
        return encoder.encode(replace_surrogates(msgspec.to_builtins(value)))


def clamp_to_finite(number: float) -> float:
    """Return a number that JSON has: the largest for infinity, so that the worst stays the worst, and 0 for NaN."""
    if math.isfinite(number):
        return float(number)
    if math.isnan(number):
        return 0.0
    return float(max(-sys.float_info.max, min(sys.float_info.max, number)))


def replace_surrogates(value: Any) -> Any:
    """Return plain data or a text with `?` in place of each lone surrogate."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {replace_surrogates(name): replace_surrogates(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [replace_surrogates(part) for part in value]
    return value

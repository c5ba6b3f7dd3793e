"""Values as JSON in UTF-8, whatever is in their texts."""

from __future__ import annotations

from typing import Any, Final

import msgspec

_encoder: Final = msgspec.json.Encoder(decimal_format="number")


def encoded(value: Any) -> bytes:
    """JSON in UTF-8. Halves of surrogate pairs, which UTF-8 does not have, become `?`."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encoder.encode(_replaced(msgspec.to_builtins(value)))


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_replaced(name): _replaced(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(part) for part in value]
    return value

"""Prepare types for msgspec before several threads use them."""

from __future__ import annotations

from typing import Any

import msgspec


def prepare(*kinds: Any) -> None:
    """Build msgspec's decoders for these types. Call this at import, for each type that several threads decode.

    msgspec 0.22 analyses a type at first use. A second thread that uses the half-analysed type crashes the process.
    """
    for kind in kinds:
        msgspec.json.Decoder(kind)

"""Types that msgspec reads values into, made known before threads use them."""

from __future__ import annotations

from typing import Any

import msgspec


def prepare(*kinds: Any) -> None:
    """Have msgspec know types. Call it where a module is imported, for each type that several threads convert to.

    It learns a type when it first meets it, and a second thread that meets it meanwhile reads what is half known: the process
    dies of that (msgspec 0.22).
    """
    for kind in kinds:
        msgspec.json.Decoder(kind)

"""Read indicators from where a user keeps them: a data store, or a STIX 2.1 bundle in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from seawall.response.exchange.hit_search import FILE
from seawall.response.exchange.matching import WantedIndicator, list_wanted
from seawall.response.exchange.reading import read_objects
from seawall.storage.location import open_store
from seawall_base.errors import InputUnreadable

LARGEST_FILE: Final = 64 << 20
MOST_INDICATORS: Final = 50_000


class _Bundle(msgspec.Struct):
    objects: list[msgspec.Raw]


def read_indicator_path(path: Path) -> list[WantedIndicator]:
    """Return the indicators of a data store (a folder) or of a STIX bundle (a file), ended ones included.

    Logs may be older than the end of an indicator. Raises `InputUnreadable`, and what opening a store raises.
    """
    if path.is_dir():
        with open_store(path, None) as opened, opened.database.reading() as work:
            return list_wanted(work.indicators.all(), work.received_indicators.all())
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InputUnreadable(f"{path}: larger than a list of indicators may be", fix="split it")
        bundle = msgspec.json.decode(path.read_bytes(), type=_Bundle)
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror}", fix="check the path") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputUnreadable(
            f"{path}: no bundle of STIX 2.1",
            fix="give a JSON file with `objects`, or the folder of a data store",
        ) from error
    found = read_objects(bundle.objects, f"{FILE}{path.name}", 0)
    wanted = list_wanted((), found.indicators)
    if not wanted:
        raise InputUnreadable(
            f"{path}: none of {len(bundle.objects):,} objects is an indicator that these logs could show",
            fix="docs/how-to/exchange-indicators.md says which patterns are read",
        )
    if len(wanted) > MOST_INDICATORS:
        raise InputUnreadable(f"{path}: more than {MOST_INDICATORS:,} values", fix="split it")
    return wanted

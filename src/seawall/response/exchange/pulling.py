"""Take the indicators of a collection into a store, page by page: what came before a failure is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from seawall.response.errors import ExchangeFailed
from seawall.response.exchange.reading import read_objects
from seawall.response.exchange.taxii_access import TaxiiAccess
from seawall.response.exchange.taxii_client import RemoteCollection, read_pages
from seawall.storage.database import Database
from seawall.storage.database.columns import make_index_key


@dataclass(slots=True)
class PullResult:
    """What a pull did: objects read, indicators new or newer, taken back, ended, and left out by reason."""

    source: str
    objects: int = 0
    kept: int = 0
    revoked: int = 0
    ended: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    is_cut: bool = False
    failure: ExchangeFailed | None = None


def pull_indicators(
    access: TaxiiAccess,
    collection: RemoteCollection,
    database: Database,
    now: int,
    *,
    is_from_start: bool = False,
) -> PullResult:
    """Read what was added since the last pull into a store, at `now` (microseconds). Raises what the database raises."""
    result = PullResult(collection.url)
    with database.reading() as work:
        added_after = "" if is_from_start else work.received_indicators.read_up_to(collection.url)
    try:
        for page in read_pages(access, collection, added_after):
            found = read_objects(page.objects, collection.url, now)
            with database.writing() as work:
                result.kept += work.received_indicators.put(found.indicators)
                keys = [make_index_key(collection.url, id_) for id_ in found.revoked]
                result.revoked += work.received_indicators.remove(keys)
                if page.added_last:
                    work.received_indicators.note_read(collection.url, page.added_last)
            result.objects += len(page.objects)
            result.left_out += found.left_out
            result.is_cut = page.is_cut
    except ExchangeFailed as failure:
        result.failure = failure
    with database.writing() as work:
        result.ended = work.received_indicators.remove_ended(now)
    return result

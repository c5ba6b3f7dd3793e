"""What tests of collectors share: a collector of a served vendor, its folder, and what is in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seawall.collection.ledger import LedgerWriter, open_ledger, read_feed_statuses
from seawall.collection.ledger.reading import FeedStatus
from seawall.collection.run import CollectionPass, PassOutcome
from seawall.collection.segments import SegmentFolder
from seawall.collection.source import LogSource
from seawall.vendor_api.client import RetryPolicy, VendorClient
from seawall_base.clock import Clock
from seawall_base.http_client import HttpClient
from tests.collection.management import TENANT


class Fixed:
    """An access token that is what it is, and another when it was refused."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)

    def headers(self, method: str, url: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[0]}"}

    def renew(self) -> None:
        if len(self.tokens) > 1:
            self.tokens.pop(0)


@contextmanager
def opened(folder: Path, vendor: str = "m365") -> Iterator[LedgerWriter]:
    logs, ledger = folder / "logs", folder / "logs.ledger"
    (ledger / "waiting").mkdir(parents=True, exist_ok=True)
    logs.mkdir(exist_ok=True)
    about = {"vendor": vendor, "tenant": TENANT}
    with open_ledger(
        ledger / f"{vendor}-{TENANT}.sqlite", about, SegmentFolder(logs, ledger / "waiting")
    ) as book:
        yield book


def client_of(url: str, clock: Clock, *tokens: str, **more: Any) -> VendorClient:
    return VendorClient(
        HttpClient(url), Fixed(*(tokens or ("token-1",))), clock, more.pop("retries", RetryPolicy()), **more
    )


def collect(
    folder: Path,
    make: Callable[[VendorClient], LogSource],
    client: VendorClient,
    clock: Clock,
    vendor: str = "m365",
) -> PassOutcome:
    """One pass."""
    with opened(folder, vendor) as book:
        return CollectionPass(vendor, make(client), [client], book, clock).once()


def lines(folder: Path) -> list[bytes]:
    return [
        line for path in sorted((folder / "logs").rglob("*.jsonl")) for line in path.read_bytes().splitlines()
    ]


def ids(folder: Path, name: str = "Id") -> list[str]:
    return [json.loads(line)[name] for line in lines(folder)]


def standing(folder: Path, feed: str = "Audit.Exchange") -> FeedStatus:
    return next(one for one in read_feed_statuses(folder / "logs.ledger") if one.feed.feed == feed)

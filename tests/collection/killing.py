"""Kills a collector with SIGKILL at each of its steps in turn, lets it go on, and says what it ended with.

Runs as a process of its own without threads, because it forks: `python -m tests.collection.killing URL FOLDER VENDOR`. Prints
one line of JSON for each step: what was in the folder when it was killed, and what is there and in the ledger at the end.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from seawall.collection.ledger import read_feed_statuses, tables
from seawall.collection.source import LogSource
from seawall.collection.vendors.entra import EntraSource
from seawall.collection.vendors.google import GoogleSource
from seawall.collection.vendors.m365 import M365Source, is_throttled
from seawall.collection.vendors.okta import OktaSource
from seawall.vendor_api.client import VendorClient
from tests.collection.collecting import client_of, collect, lines
from tests.collection.management import TENANT
from tests.collection.reports import CUSTOMER
from tests.collection.serving import Still

WORDS = ("BEGIN", "COMMIT", "INSERT INTO", "UPDATE", "DELETE")
"""Statements that are steps; looking something up changes nothing."""


def watched(kill_at: int) -> None:
    """From now on this process ends at the step of this number: before a statement, or before a call to the disk."""
    step = 0

    def count() -> None:
        nonlocal step
        step += 1
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            count()
            return call(*arguments, **named)

        return wrapped

    def traced(statement: str) -> None:
        if statement.startswith(WORDS):
            count()

    connected = tables.connect_ledger

    def connect(path: Path, *, is_read: bool = False) -> sqlite3.Connection:
        connection = connected(path, is_read=is_read)
        connection.set_trace_callback(traced)
        return connection

    tables.connect_ledger = connect
    os.fsync = before(os.fsync)
    os.write = before(os.write)
    Path.rename = before(Path.rename)  # type: ignore[method-assign]
    Path.unlink = before(Path.unlink)  # type: ignore[method-assign]


def forked(action: Callable[[], None]) -> bool:
    """Whether a process that does this came to its end."""
    child = os.fork()
    if not child:
        try:
            action()
        except BaseException:  # noqa: BLE001 - the parent wants to know, and nothing else
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("a pass failed")
    return not os.WIFSIGNALED(status)


def one_pass(url: str, folder: Path, vendor: str, kill_at: int = 0) -> None:
    if kill_at:
        watched(kill_at)
    clock = Still()
    client = client_of(url, clock, is_throttled=is_throttled)
    makers: dict[str, Callable[[VendorClient], LogSource]] = {
        "m365": lambda it: M365Source(it, url, TENANT, ("Audit.Exchange",), days=0.4, threads=1),
        "entra": lambda it: EntraSource(it, url, ("directoryAudits",), days=0.4),
        "google": lambda it: GoogleSource(it, url, ("login",), 0.4, CUSTOMER),
        "okta": lambda it: OktaSource(it, url, clock, days=0.4),
    }
    outcome = collect(folder, makers[vendor], client, clock, vendor)
    assert outcome.is_complete


def ended(folder: Path) -> dict[str, Any]:
    (row,) = read_feed_statuses(folder / "logs.ledger")
    # Google's etags belong to an answer: the same record has another one each time.
    whole = b"\n".join(sorted(re.sub(rb'"etag": "[^ ]*"', b"", line) for line in lines(folder)))
    return {
        "digest": hashlib.sha256(whole).hexdigest(),
        "lines": len(lines(folder)),
        "new": row.new_records,
        "in_files": row.segment_records,
        "pieces": row.pieces,
        "gaps": len(row.feed.gaps),
        "waiting": sum(1 for path in (folder / "logs.ledger" / "waiting").iterdir()),
    }


def main(url: str, folder: Path, vendor: str) -> None:
    step, is_over = 0, False
    while not is_over:
        step += 1
        here = folder / f"{step:04}"
        here.mkdir()
        is_over = forked(partial(one_pass, url, here, vendor, step))
        killed = len(lines(here))
        forked(partial(one_pass, url, here, vendor))
        print(json.dumps({"step": step, "killed": killed, "is_over": is_over, **ended(here)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])

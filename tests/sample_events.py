"""Builds small event tables and coded batches for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from seawall.events.coded_batch import CodedBatch
from seawall.events.event import ENRICHED_SCHEMA
from seawall.storage import Coder, Spool

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday


def event(uid: str, day: int = 0, minute: float = 0, **columns: Any) -> dict[str, Any]:
    """One mail access by Ann on her home network, changed by `columns`."""
    base: dict[str, Any] = {
        "metadata_uid": uid,
        "time": START + timedelta(days=day, minutes=minute),
        "source": "m365_audit",
        "source_file": "a.jsonl",
        "source_line": 1,
        "kind": "mail_access",
        "activity_name": "MailItemsAccessed",
        "status": "success",
        "org_uid": "org",
        "account": "ann@x.example",
        "account_type": "user",
        "mailbox": "ann@x.example",
        "app_uid": "owa",
        "client": "chrome/browser",
        "src_ip": "203.0.113.7",
        "src_prefix": "203.0.113.0/24",
        "src_asn": 64500,
        "src_asn_name": "Home",
        "src_location": "DE",
        "src_network_class": "residential",
        "item_count": 2,
        "access_type": "bind",
    }
    return {**base, **columns}


def sign_in(uid: str, day: int = 0, minute: float = 0, **columns: Any) -> dict[str, Any]:
    """One successful sign-in by Ann on her home network, changed by `columns`."""
    own = {
        "kind": "sign_in",
        "activity_name": "UserLoggedIn",
        "mailbox": None,
        "item_count": None,
        "access_type": None,
        "auth_method": "mfa",
        "is_interactive": True,
    }
    return event(uid, day, minute, **{**own, **columns})


def table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """The rows as an enriched event table."""
    return pa.Table.from_pylist(list(rows), schema=ENRICHED_SCHEMA)


def spool(tmp_path: Any, *tables: pa.Table) -> Spool:
    """A settled spool of the tables."""
    folder = tmp_path / "spool"
    folder.mkdir(exist_ok=True)
    coder, result = Coder(), Spool(folder)
    for one in tables:
        result.add(coder.encode(one))
    result.settle(*coder.settle())
    return result


def batches(tmp_path: Any, rows: Sequence[dict[str, Any]]) -> list[tuple[int, CodedBatch]]:
    """The rows as one coded batch a day."""
    days = spool(tmp_path, table(rows))
    return [(day, days.load(day)[0]) for day in days.days()]

"""Unified audit records as exported by the portal and by Search-UnifiedAuditLog: the record as JSON text in a column."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]
CSV_HEADS = {
    "purview_csv": b"RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,"
    b"AssociatedAdminUnitsNames\r\n",
    "search_csv": b"PSComputerName,RunspaceId,PSShowComputerName,RecordType,CreationDate,UserIds,Operations,AuditData,"
    b"ResultIndex,ResultCount,Identity,IsValid,ObjectState\r\n",
}
_TYPES = {1: "ExchangeAdmin", 2: "ExchangeItem", 3: "ExchangeItemGroup", 6: "SharePointFileOperation", 8: "AzureActiveDirectory",
          15: "AzureActiveDirectoryStsLogon", 50: "ExchangeItemAggregated"}  # fmt: skip


def csv_row(shape: str, record: Record, data: bytes) -> bytes:
    """Return a CSV row for one of `CSV_HEADS`; `data` is the record as JSON."""
    kind, user, uid = record["RecordType"], record["UserId"], record["Id"]
    quoted = data.replace(b'"', b'""')
    if shape == "purview_csv":
        head = f'{uid},{record["CreationTime"]}.0000000Z,{kind},{record["Operation"]},{user},"'
        return head.encode() + quoted + b'",,\r\n'
    head = (
        f'"outlook.office365.com","56d5e2ad-cfa3-47e8-9c1c-8a36d721ce2e","False","{_TYPES.get(kind, kind)}",'
        f'"{_american(record["CreationTime"])}","{user}","{record["Operation"]}","'
    )
    return head.encode() + quoted + f'","1","5000","{uid}","True","Unchanged"\r\n'.encode()


def search_result(record: Record, data: str) -> Record:
    """Return an object as Search-UnifiedAuditLog outputs it; `data` is the record as JSON."""
    return {
        "RecordType": _TYPES.get(record["RecordType"], record["RecordType"]), "CreationDate": record["CreationTime"] + "Z",
        "UserIds": record["UserId"], "Operations": record["Operation"], "AuditData": data, "ResultIndex": 1, "ResultCount": 5000,
        "Identity": record["Id"], "IsValid": True, "ObjectState": "Unchanged",
    }  # fmt: skip


def _american(text: str) -> str:
    time = datetime.fromisoformat(text).replace(tzinfo=UTC)
    half = "AM" if time.hour < 12 else "PM"
    return f"{time.month}/{time.day}/{time.year} {time.hour % 12 or 12}:{time.minute:02d}:{time.second:02d} {half}"

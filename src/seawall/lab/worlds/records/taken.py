"""Extract from exported records of reading what was taken, for the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.records.google_mail import OPENED

Record = dict[str, Any]


@dataclass(slots=True)
class TakenMessages:
    """Messages taken from one mailbox: ids in records, number counted without ids, and folders taken as a whole."""

    messages: set[str] = field(default_factory=set)
    unnamed: int = 0
    folders: set[str] = field(default_factory=set)

    def add(self, record: Record) -> None:
        """Add a record of reading."""
        if record.get("Operation") == "MailItemsAccessed":
            self._microsoft(record)
        elif record.get("kind") == "admin#reports#activity":
            self._google(record)

    def _microsoft(self, record: Record) -> None:
        if "Folders" not in record:
            self.folders.add(record["Item"]["ParentFolder"]["Path"])
            return
        ids = [item["InternetMessageId"] for folder in record["Folders"] for item in folder["FolderItems"]]
        self.messages.update(ids)
        self.unnamed += max(0, record["OperationCount"] - len(ids))

    def _google(self, record: Record) -> None:
        (event,) = record["events"]
        if record["id"]["applicationName"] != "gmail":
            self.unnamed += 1
            return
        parts = {part["name"]: _values(part) for part in event["parameters"] if "messageValue" in part}
        if parts["event_info"].get("mail_event_type") == str(OPENED):
            self.messages.add(str(parts["message_info"]["rfc2822_message_id"]))

    def document(self) -> dict[str, Any]:
        """Return the content in the format of the truth."""
        return {
            "messages": sorted(self.messages),
            "unnamed": self.unnamed,
            "folders": sorted(self.folders),
        }


def reads(act: Act) -> bool:
    """Return whether an act reads a mailbox."""
    return act.kind == "read" and act.owner is not None


def _values(part: Record) -> dict[str, Any]:
    return {one["name"]: one.get("value", one.get("intValue")) for one in part["messageValue"]["parameter"]}

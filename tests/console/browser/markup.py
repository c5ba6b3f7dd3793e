"""An intruder who writes markup into every field of the logs that an intruder can write, and lines that are no records."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

MARK: Final = "<img src=x onerror=window.__pwned=1>"
TAG: Final = "<script>window.__pwned=1</script>"
WRITTEN: Final = frozenset(
    {
        "ActionType", "AppDisplayName", "ClientInfoString", "ClientProcessName", "DeviceDisplayName", "InternetMessageId",
        "MailboxGuid", "ObjectId", "Path", "SessionId", "SourceFileName", "SourceRelativeUrl", "Subject", "UserAgent",
        "activityDisplayName", "additionalDetails", "appDisplayName", "browser", "city", "displayName", "failureReason",
        "operatingSystem", "resourceDisplayName", "servicePrincipalName", "userAgent", "userDisplayName",
    }
)  # fmt: skip
"""Names of fields whose text another side chooses: agents, applications, subjects, rules, files, folders, devices."""

IDENTITIES: Final = frozenset({"Id", "id", "Identity"})

OBJECT_IDS: Final = frozenset({"ID", "TokenObjectId", "UserKey", "userId"})
"""Fields with the object id of an account: another account has another."""

GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def twin(logs: Path, account: str, other: str) -> int:
    """Write, beside the logs, all that they say of one account once more: of another account, with markup in its texts.

    Returns the number of records. Each has an id of its own.
    """
    folder = logs / "twin"
    folder.mkdir()
    count = 0
    with (folder / "twin.jsonl").open("w", encoding="utf-8") as out:
        for line in lines(logs):
            if account in line.lower():
                record = changed(json.loads(line), account, other)
                out.write(json.dumps(record) + "\n")
                count += 1
    return count


def broken(logs: Path) -> None:
    """Lines that cannot become events, with markup in them."""
    (logs / "twin" / "broken.jsonl").write_text(
        "\n".join([f'{{"Operation": "MailItemsAccessed{MARK}', f'["{TAG}"]', f"{TAG} {MARK}"]) + "\n",
        encoding="utf-8",
    )


def lines(logs: Path) -> Iterator[str]:
    """Every line of every file but the twin's."""
    for path in sorted(logs.rglob("*.jsonl*")):
        if path.parent.name == "twin":
            continue
        data = path.read_bytes()
        text = gzip.decompress(data) if path.suffix == ".gz" else data
        yield from (line for line in text.decode("utf-8", "replace").splitlines() if line.startswith("{"))


def changed(value: Any, account: str, other: str, key: str = "") -> Any:
    """A value with markup behind every text that can be written from outside, and the account's name replaced."""
    if isinstance(value, dict):
        return {name: changed(part, account, other, name) for name, part in value.items()}
    if isinstance(value, list):
        return [changed(part, account, other, key) for part in value]
    if not isinstance(value, str):
        return value
    if value.startswith(("{", "[")) and key == "AuditData":
        return json.dumps(changed(json.loads(value), account, other))
    if key in IDENTITIES or (key in OBJECT_IDS and GUID.fullmatch(value)):
        digest = hashlib.sha256(f"twin {value}".encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
    if key in WRITTEN:
        return f"{value}{TAG if len(key) % 2 else MARK}"
    return other if value.lower() == account else value

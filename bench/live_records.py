"""Make the records that `live.py` sends: an organisation's past days, its stream with times of now, and attacks on it.

The stream repeats the records of the organisation's last days with new ids and present times, so that accounts keep their
addresses, clients and sessions. The clock is the machine's: nothing is compressed, and nothing is late.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from corpora import write_daily_logs
from seawall.lab.worlds.world_settings import WorldSettings

LAST_DAYS = 7
"""Days at the end of the past whose records the stream repeats: a week, because weekends have few."""

ATTACK_READS = 25
HOSTING = ("45.155", "51.75", "159.89", "165.22", "188.166", "193.29", "3.79", "20.229", "34.141", "104.248")
"""First halves of the addresses of hosting providers in several countries."""

_TIME = re.compile(rb'"(?:CreationTime|createdDateTime)":"([^"]+)"')
_ID = re.compile(rb'"(?:Id|id)":"([^"]+)"')

Form = tuple[bytes, bytes, bytes, bool]
"""A record without id and time: three parts, and whether the time comes first."""


@dataclass(frozen=True, slots=True)
class Victim:
    """An account to attack: its organisation's id, its name and key."""

    organisation: str
    name: str
    key: str


class LiveRecords:
    """Records of one organisation: `past` in order of delivery, and the stream."""

    def __init__(self, accounts: int, days: int, seed: int = 1) -> None:
        start = datetime.now(UTC).date() - timedelta(days=days)
        settings = WorldSettings(
            seed, accounts=accounts, days=days, attacks=0, confusers=(), mess=False, start=start
        )
        with tempfile.TemporaryDirectory() as scratch:
            write_daily_logs(settings, Path(scratch) / "world")
            files = sorted((Path(scratch) / "world").rglob("*.jsonl"), key=lambda path: path.name[-14:])
            by_file = [path.read_bytes().splitlines(keepends=True) for path in files]
        self.past = list(itertools.chain.from_iterable(by_file))
        dates = sorted({path.name[-14:] for path in files})[-LAST_DAYS:]
        recent = [
            line
            for path, lines in zip(files, by_file, strict=True)
            if path.name[-14:] in dates
            for line in lines
        ]
        random.Random(seed).shuffle(recent)
        self._forms = itertools.cycle([form for line in recent if (form := _form_of(line))])
        self.victims = _victims(self.past)
        self._numbers = itertools.count(1)

    def batch(self, records: int, now: float) -> bytes:
        """Return so many records of the stream as JSON lines, with times of the present second."""
        time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
        lines = list[bytes]()
        for first, middle, last, is_time_first in itertools.islice(self._forms, records):
            id_ = self._id()
            lines += (first, time, middle, id_, last) if is_time_first else (first, id_, middle, time, last)
        return b"".join(lines)

    def attack(self, victim: Victim, now: float) -> tuple[bytes, int]:
        """Return the records of a takeover as JSON lines, and their number: sign-in, mail access, forwarding rule."""
        time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        records = [
            {
                "CreationTime": time,
                "Id": self._id().decode(),
                "OrganizationId": victim.organisation,
                "UserType": 0,
                "Version": 1,
                "UserKey": victim.key,
                "UserId": victim.name,
                **extras,
            }
            for extras in _attack_extras(victim)
        ]
        return b"".join(json.dumps(record).encode() + b"\n" for record in records), len(records)

    def _id(self) -> bytes:
        return b"5ea11fe0-0000-4000-8000-%012x" % next(self._numbers)


def _form_of(line: bytes) -> Form | None:
    """Return a record's form, or None if it has no time or id."""
    time, id_ = _TIME.search(line), _ID.search(line)
    if time is None or id_ is None:
        return None
    (a, b), (c, d) = sorted((time.span(1), id_.span(1)))
    rest = b"Z" if line[time.end(1) - 1 : time.end(1)] == b"Z" else b""
    is_time_first = time.start() < id_.start()
    middle, last = (rest + line[b:c], line[d:]) if is_time_first else (line[b:c], rest + line[d:])
    return line[:a], middle, last, is_time_first


def _victims(lines: list[bytes]) -> list[Victim]:
    """Return the accounts that read mail, in order of their records."""
    found: dict[str, Victim] = {}
    for line in lines:
        if b'"MailItemsAccessed"' in line:
            record = json.loads(line)
            name = record["UserId"]
            if "@" in name:
                found.setdefault(name, Victim(record["OrganizationId"], name, record["UserKey"]))
    return list(found.values())


def _attack_extras(victim: Victim) -> Iterator[dict[str, Any]]:
    number = zlib.crc32(victim.name.encode())  # each attack has its own address, client and session
    address = f"{HOSTING[number % len(HOSTING)]}.{number >> 8 & 255}.{number >> 16 & 255}"
    app, session = f"c0ffee00-0000-4000-8000-{number:012x}", f"a77ac000-0000-4000-8000-{number:012x}"
    yield {
        "Operation": "UserLoggedIn",
        "RecordType": 15,
        "Workload": "AzureActiveDirectory",
        "ResultStatus": "Success",
        "ClientIP": address,
        "ApplicationId": app,
        "ObjectId": "00000002-0000-0ff1-ce00-000000000000",
        "ErrorNumber": "0",
        "ExtendedProperties": [{"Name": "UserAgent", "Value": f"python-requests/2.{number % 40}.0"}],
        "DeviceProperties": [{"Name": "OS", "Value": "Linux"}, {"Name": "SessionId", "Value": session}],
    }
    mail = {
        "Workload": "Exchange",
        "ResultStatus": "Succeeded",
        "ClientIPAddress": address,
        "ClientInfoString": "Client=REST;Client=RESTSystem;;",
        "AppId": app,
        "ClientAppId": app,
        "LogonType": 0,
        "MailboxOwnerUPN": victim.name,
        "SessionId": session,
    }
    for read in range(ATTACK_READS):
        items = [{"InternetMessageId": f"<{read}-{item}@{victim.name}>"} for item in range(8)]
        yield mail | {
            "Operation": "MailItemsAccessed",
            "RecordType": 50,
            "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}],
            "Folders": [{"Path": "\\Inbox", "FolderItems": items}],
            "OperationCount": len(items),
        }
    rule = {
        "Name": "..",
        "ForwardTo": "drop@attacker.example",
        "DeleteMessage": "True",
        "SubjectContainsWords": "invoice",
    }
    yield {
        "Operation": "New-InboxRule",
        "RecordType": 1,
        "Workload": "Exchange",
        "ResultStatus": "True",
        "ClientIP": address,
        "SessionId": session,
        "ObjectId": victim.name,
        "Parameters": [{"Name": name, "Value": value} for name, value in rule.items()],
    }

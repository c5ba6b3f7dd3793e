"""Make a file of audit records whose values vary as in real logs: few records repeat a combination of texts.

5,000 accounts with unequal activity over 30 days, in order of time. Accounts have their own addresses, agents, applications
and sessions. Records of mail access list folders and messages; changes list parameters and properties; some operations are
rare and have fields of their own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec

Record = dict[str, Any]

ACCOUNTS = 5_000
DAYS = 30
START = 1_736_121_600
"""Monday, 6 January 2025, midnight UTC."""

DOMAIN = "varied.example"
ORGANISATION = "4f0c9a52-7d1e-4b8e-9a36-2c5d8e1f7b40"
RARE_OPERATIONS = 120
_FOLDERS = ("Inbox", "Sent Items", "Deleted Items", "Archive", "Drafts", "Junk Email", "Projects", "Invoices")
_SYSTEMS = ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")
_CMDLETS = (
    "Set-Mailbox",
    "Set-User",
    "New-InboxRule",
    "Set-InboxRule",
    "Add-MailboxPermission",
    "Set-TransportRule",
)
_CHANGES = ("Update user.", "Update application.", "Add member to group.", "Add service principal.")


@dataclass(frozen=True, slots=True)
class Account:
    """What an account uses again and again."""

    name: str
    key: str
    mailbox: str
    addresses: tuple[str, ...]
    agents: tuple[str, ...]
    apps: tuple[str, ...]
    sessions: tuple[str, ...]
    hour: float


class VariedRecords:
    """Random audit records of many accounts; equal seeds give equal records."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.agents = [self._agent() for _ in range(600)]
        self.apps = [self._guid() for _ in range(80)]
        self.prefixes = [f"{self.dice.randint(11, 223)}.{self.dice.randint(0, 255)}" for _ in range(400)]
        self.folder_ids = [f"LgAAAAD{self.dice.randbytes(24).hex()}" for _ in range(4_000)]
        self.accounts = [self._account(number) for number in range(ACCOUNTS)]
        ranks = list(range(ACCOUNTS))
        self.dice.shuffle(ranks)
        self.weights = list(accumulate(1 / (rank + 20) ** 0.85 for rank in ranks))

    def write(self, path: Path, records: int) -> None:
        """Write so many records as JSON lines."""
        encode = msgspec.json.Encoder().encode
        with path.open("wb") as out:
            for number in range(records):
                spread = (number + self.dice.random()) * (DAYS * 86_400 / records)
                out.write(encode(self.record(START + int(spread))) + b"\n")

    def record(self, at: int) -> Record:
        """Return one record of a random account and kind, of about this time."""
        dice = self.dice
        account = dice.choices(self.accounts, cum_weights=self.weights)[0]
        at = max(START, at + int(dice.gauss((account.hour - 12) * 300, 900)))
        kind, extras = dice.choices(_KINDS, cum_weights=_KIND_WEIGHTS)[0]
        head: Record = {
            "CreationTime": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)),
            "Id": self._guid(),
            "Operation": kind,
            "OrganizationId": ORGANISATION,
            "UserKey": account.key,
            "UserType": 0,
            "Version": 1,
            "UserId": account.name if dice.random() > 0.02 else account.name.title(),
        }
        return head | extras(self, account, account.sessions[(at - START) // 86_400 % DAYS])

    def read_mail(self, account: Account, session: str) -> Record:
        """Return fields of MailItemsAccessed: a synchronised folder, or messages of one to three folders."""
        dice = self.dice
        is_sync = dice.random() < 0.2
        found = self._mail(account, session, 50) | {
            "OperationProperties": _pairs(MailAccessType="Sync" if is_sync else "Bind", IsThrottled="False"),
            "AppAccessContext": {
                "AADSessionId": session,
                "ClientAppId": dice.choice(account.apps),
                "IssuedAtTime": "2025-01-06T00:00:00",
                "UniqueTokenId": dice.randbytes(16).hex(),
            },
        }
        if is_sync:
            return found | {"Item": {"Id": dice.choice(self.folder_ids), "ParentFolder": self._folder()}}
        folders = [
            self._folder() | {"FolderItems": [self._message() for _ in range(1 + int(dice.expovariate(0.6)))]}
            for _ in range(dice.choices((1, 2, 3), (8, 2, 1))[0])
        ]
        return found | {
            "Folders": folders,
            "OperationCount": sum(len(folder["FolderItems"]) for folder in folders),
        }

    def move_mail(self, account: Account, session: str) -> Record:
        """Return fields of records about a few messages."""
        count = 1 + int(self.dice.expovariate(0.9))
        items = [
            self._message() | {"Subject": self._words(4), "ParentFolder": self._folder()}
            for _ in range(count)
        ]
        return self._mail(account, session, 3) | {"AffectedItems": items, "Folder": self._folder()}

    def sign_in(self, account: Account, session: str) -> Record:
        """Return fields of a sign-in."""
        dice = self.dice
        agent = dice.choice(account.agents) if dice.random() > 0.01 else self._agent()
        return {
            "RecordType": 15,
            "ResultStatus": "Success",
            "Workload": "AzureActiveDirectory",
            "ClientIP": self._address(account),
            "ApplicationId": dice.choice(account.apps),
            "ObjectId": dice.choice(self.apps),
            "ExtendedProperties": _pairs(
                ResultStatusDetail="Success",
                UserAgent=agent,
                RequestType=dice.choice(("Login:login", "OAuth2:Token")),
            ),
            "DeviceProperties": _pairs(
                OS=dice.choice(("Windows 10", "Windows 11", "MacOs")), BrowserType="Chrome", SessionId=session
            ),
            "Actor": [{"ID": account.name, "Type": 5}],
            "InterSystemsId": self._guid(),
            "ErrorNumber": dice.choices(("0", "50126", "50074"), (40, 2, 1))[0],
        }

    def touch_file(self, account: Account, session: str) -> Record:
        """Return fields of an access to a file."""
        name = f"{self._words(2)}.{self.dice.choice(('docx', 'xlsx', 'pdf', 'pptx'))}"
        return {
            "RecordType": 6,
            "Workload": "OneDrive",
            "ClientIP": self._address(account),
            "UserAgent": self.dice.choice(account.agents),
            "SourceFileName": name,
            "SiteUrl": f"https://varied.example/personal/{account.name.partition('@')[0]}/",
            "ObjectId": f"https://varied.example/personal/{account.name.partition('@')[0]}/Documents/{name}",
            "AppAccessContext": {"AADSessionId": session, "UniqueTokenId": self.dice.randbytes(16).hex()},
        }

    def run_cmdlet(self, account: Account, session: str) -> Record:
        """Return fields of a cmdlet with one to six parameters."""
        dice = self.dice
        names = dice.sample(_PARAMETERS, 1 + dice.randrange(6))
        return {
            "RecordType": 1,
            "ResultStatus": "True",
            "Workload": "Exchange",
            "ClientIP": f"{self._address(account)}:{dice.randint(1025, 65000)}",
            "SessionId": session,
            "ObjectId": self._words(2),
            "Parameters": [{"Name": name, "Value": self._words(1 + dice.randrange(3))} for name in names],
        }

    def change_directory(self, account: Account, session: str) -> Record:
        """Return fields of a change in the directory with one to four changed properties."""
        dice = self.dice
        properties = [
            {"Name": dice.choice(_PARAMETERS), "OldValue": self._words(1), "NewValue": self._words(2)}
            for _ in range(1 + dice.randrange(4))
        ]
        return {
            "RecordType": 8,
            "ResultStatus": "Success",
            "Workload": "AzureActiveDirectory",
            "ObjectId": dice.choice(self.accounts).name,
            "ModifiedProperties": properties,
            "Actor": [{"ID": account.name, "Type": 5}, {"ID": session, "Type": 2}],
            "Target": [{"ID": self._guid(), "Type": 2}, {"ID": self._words(2), "Type": 1}],
            "ExtendedProperties": _pairs(additionalDetails=self._words(3)),
        }

    def act_rarely(self, account: Account, session: str) -> Record:
        """Return fields of a rare operation, some of which no other operation has."""
        number = self.dice.randrange(RARE_OPERATIONS)
        return {
            "Operation": f"{_VERBS[number % len(_VERBS)]}{_NOUNS[number % len(_NOUNS)]}",
            "RecordType": 20 + number % 40,
            "Workload": ("MicrosoftTeams", "PowerBI", "SecurityComplianceCenter")[number % 3],
            "ClientIP": self._address(account),
            f"{_NOUNS[number % len(_NOUNS)]}Id": self._guid(),
            f"Detail{number}": {"Name": self._words(2), "Session": session, "Count": number},
        }

    def _mail(self, account: Account, session: str, record_type: int) -> Record:
        dice = self.dice
        info = dice.choice(
            ("Client=OWA;Action=ViaProxy", "Client=MSExchangeRPC", "Client=REST;Client=RESTSystem;;")
        )
        return {
            "RecordType": record_type,
            "ResultStatus": "Succeeded",
            "Workload": "Exchange",
            "AppId": dice.choice(account.apps),
            "ClientAppId": dice.choice(self.apps) if "REST" in info else "",
            "ClientIPAddress": self._address(account),
            "ClientInfoString": f"{info};{dice.choice(account.agents)}" if dice.random() < 0.3 else info,
            "LogonType": 0,
            "MailboxGuid": account.mailbox,
            "MailboxOwnerUPN": account.name,
            "OrganizationName": DOMAIN,
            "OriginatingServer": f"HE1PR0{dice.randint(1000, 9999)} (15.20.4129.032)\r\n",
            "SessionId": session,
        }

    def _folder(self) -> Record:
        dice = self.dice
        return {"Id": dice.choice(self.folder_ids), "Path": f"\\{dice.choice(_FOLDERS)}"}

    def _message(self) -> Record:
        dice = self.dice
        return {
            "InternetMessageId": f"<{self._guid()}@HE1PR0{dice.randint(1000, 9999)}.mail.{DOMAIN}>",
            "SizeInBytes": dice.randint(2_000, 900_000),
        }

    def _address(self, account: Account) -> str:
        dice = self.dice
        return dice.choice(account.addresses) if dice.random() > 0.012 else self._new_address()

    def _new_address(self) -> str:
        dice = self.dice
        if dice.random() < 0.12:
            return f"2a02:{dice.randrange(1 << 16):x}:{dice.randrange(4096):x}::{dice.randint(1, 255):x}"
        return f"{dice.choice(self.prefixes)}.{dice.randint(0, 255)}.{dice.randint(1, 254)}"

    def _agent(self) -> str:
        dice = self.dice
        version = f"{dice.randint(90, 140)}.0.{dice.randint(1000, 6999)}.{dice.randint(1, 200)}"
        return f"Mozilla/5.0 ({dice.choice(_SYSTEMS)}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version} Safari/537.36"

    def _account(self, number: int) -> Account:
        dice = self.dice
        return Account(
            name=f"person{number:04d}@{DOMAIN}",
            key=f"1003{dice.randbytes(6).hex().upper()}",
            mailbox=self._guid(),
            addresses=tuple(self._new_address() for _ in range(dice.randint(3, 14))),
            agents=tuple(dice.sample(self.agents, dice.randint(2, 6))),
            apps=tuple(dice.sample(self.apps, dice.randint(2, 5))),
            sessions=tuple(self._guid() for _ in range(DAYS)),
            hour=dice.choice((7, 8, 8, 9, 9, 13, 22)),
        )

    def _words(self, count: int) -> str:
        return " ".join(self.dice.choices(_WORDS, k=count)) + f" {self.dice.randrange(10_000)}"

    def _guid(self) -> str:
        text = self.dice.randbytes(16).hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _pairs(**values: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


_WORDS = (
    "annual",
    "budget",
    "contract",
    "draft",
    "estimate",
    "forecast",
    "guest",
    "holiday",
    "invoice",
    "journey",
    "kitchen",
)
_VERBS = ("Created", "Viewed", "Shared", "Deleted", "Renamed", "Exported", "Approved")
_NOUNS = (
    "Report",
    "Dashboard",
    "Team",
    "Channel",
    "Dataset",
    "Label",
    "Policy",
    "Form",
    "Flow",
    "Plan",
    "Task",
)
_PARAMETERS = tuple(
    f"{first}{second}" for first in ("Forward", "Delivery", "Quota", "Display", "Audit") for second in _NOUNS
)
_KIND_TABLE: tuple[tuple[str, float, Callable[[VariedRecords, Account, str], Record]], ...] = (
    ("MailItemsAccessed", 46, VariedRecords.read_mail),
    ("UserLoggedIn", 18, VariedRecords.sign_in),
    ("FileAccessed", 11, VariedRecords.touch_file),
    ("FilePreviewed", 4, VariedRecords.touch_file),
    ("MoveToDeletedItems", 5, VariedRecords.move_mail),
    ("SoftDelete", 2, VariedRecords.move_mail),
    *((name, 0.7, VariedRecords.run_cmdlet) for name in _CMDLETS),
    *((name, 0.7, VariedRecords.change_directory) for name in _CHANGES),
    ("", 5, VariedRecords.act_rarely),
)
_KINDS = [(kind, extras) for kind, _, extras in _KIND_TABLE]
_KIND_WEIGHTS = list(accumulate(weight for _, weight, _ in _KIND_TABLE))


def write_varied_records(path: Path, records: int, seed: int = 1) -> None:
    """Write so many records of 5,000 accounts as JSON lines; equal seeds give equal bytes."""
    VariedRecords(seed).write(path, records)

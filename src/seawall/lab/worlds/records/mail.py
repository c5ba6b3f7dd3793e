"""Mailbox records of the unified audit log: MailItemsAccessed and operations on items."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.first_party import EXCHANGE, GRAPH
from seawall.lab.worlds.organisation import LabAccount, LabApplication, Tenant
from seawall.lab.worlds.records.text import fraction, seconds, spell_text
from seawall.lab.worlds.seeded_random import SeededRandom

Record = dict[str, Any]
_API_OF_STYLE = {
    "owa": EXCHANGE,
    "graph": GRAPH,
    "rest": GRAPH,
    "ews": "",
    "mapi": "",
    "mobile": "27922004-5251-4030-b22d-91ecd9a37ea4",
    "activesync": "",
    "imap": "",
}
_REGIONS = ("eurprd04", "namprd12", "eurprd09", "apcprd01")


def mailbox_record(act: Act, uid: str, tenant: Tenant, dice: SeededRandom, week: int) -> Record:
    """Return the record of an act of kind read or item."""
    owner, client = act.mailbox, act.client
    who = act.who if isinstance(act.who, LabApplication) else act.person
    style = tenant.style
    logged_as = client.style if client else "rest"
    is_read = act.kind == "read"
    is_sync = bool(act.details.get("sync"))
    record: Record = {
        "CreationTime": seconds(act.time),
        "Id": uid,
        "Operation": act.operation,
        "OrganizationId": tenant.id,
        "RecordType": (50 if not is_sync else 2) if is_read else (2 if act.operation in _SINGLE else 3),
        "ResultStatus": "Succeeded",
    }
    if isinstance(who, LabApplication):
        record |= {
            "UserKey": who.app,
            "UserType": 5,
            "Version": 1,
            "Workload": "Exchange",
            "UserId": owner.upn,
        }
    else:
        record |= {
            "UserKey": who.user_key,
            "UserType": 0,
            "Version": 1,
            "Workload": "Exchange",
            "UserId": who.spelling,
        }
    client_address = spell_text(act.client_address, style, dice)
    if logged_as in ("mapi", "owa", "imap") and client_address:
        record["ClientIP"] = client_address
    _application(record, act, logged_as, tenant, dice)
    if client_address:
        record["ClientIPAddress"] = client_address
    _client(record, act, logged_as, dice, week)
    logon = 0 if who is owner else 2
    if isinstance(who, LabApplication):
        logon = 1 if dice.chance(0.5) else 0
    record |= {
        "ExternalAccess": False,
        "InternalLogonType": 0,
        "LogonType": logon,
        "LogonUserSid": who.sid if isinstance(who, LabAccount) else owner.sid,
        "MailboxGuid": owner.mailbox_guid,
        "MailboxOwnerSid": owner.sid,
        "MailboxOwnerUPN": owner.spelling,
        "OrganizationName": tenant.domain,
        "OriginatingServer": dice.pick(_servers(tenant.server, week)),
    }
    _token(record, act, logged_as, tenant, dice)
    if is_read:
        _access(record, act, owner, is_sync, dice)
    else:
        _item(record, act, dice)
    return record


@functools.lru_cache(maxsize=256)
def _servers(start: str, week: int) -> tuple[str, ...]:
    return tuple(
        f"{start}{1013 + 151 * number} (15.20.{7000 + week}.0{10 + number % 40})\r\n" for number in range(59)
    )


_SINGLE = ("Send", "SendAs", "SendOnBehalf", "Create", "Update")


def _application(record: Record, act: Act, logged_as: str, tenant: Tenant, dice: SeededRandom) -> None:
    api, app = act.details.get("api"), act.details.get("app")
    if api:
        record["AppId"], record["ClientAppId"] = api, app
        return
    client = act.program
    api = _API_OF_STYLE.get(logged_as, "")
    if api:
        record["AppId"] = api
    if logged_as in ("graph", "rest") or dice.chance(tenant.style.client_app_share.get(logged_as, 1.0)):
        record["ClientAppId"] = act.details.get("client_app", client.app)
        if not api:
            record["AppId"] = client.app


def _client(record: Record, act: Act, logged_as: str, dice: SeededRandom, week: int) -> None:
    if act.client is None:
        record["ClientInfoString"] = "Client=REST;Client=RESTSystem;;"
        return
    info = act.client.info(week)
    if logged_as == "mapi":
        record |= {
            "ClientInfoString": "Client=MSExchangeRPC",
            "ClientProcessName": "OUTLOOK.EXE",
            "ClientVersion": info,
        }
    elif logged_as == "owa" and dice.chance(0.25):
        record["ClientInfoString"] = "Client=OWA;Action=ViaProxy"
    else:
        record["ClientInfoString"] = info


def _token(record: Record, act: Act, logged_as: str, tenant: Tenant, dice: SeededRandom) -> None:
    style = tenant.style
    if act.session and logged_as in ("owa", "mapi") and style.identifiers == "absent" and dice.chance(0.6):
        record["SessionId"] = act.session
    if not act.token or not dice.chance(
        style.identifier_share.get(logged_as, 0.0)
        * (1.0 if act.kind == "read" else tenant.habits.item_identifiers)
    ):
        return
    context: Record = {"ClientAppId": ""} if dice.chance(0.1) else {}
    if act.session and dice.chance(style.session_share):
        context["AADSessionId"] = act.session
        record["SessionId"] = act.session
    context["UniqueTokenId"] = act.token
    context["IssuedAtTime"] = seconds(act.issued)
    record["AppAccessContext"] = context
    record["TokenTenantId"] = act.details.get("issuer", tenant.id)
    who = act.who
    if who is not None and dice.chance(0.8):
        record["TokenObjectId"] = who.object_id
    if act.client and act.client.device and dice.chance(0.7):
        record["DeviceId"] = act.client.device


def _access(record: Record, act: Act, owner: LabAccount, is_sync: bool, dice: SeededRandom) -> None:
    record["OperationProperties"] = [
        {"Name": "MailAccessType", "Value": "Sync" if is_sync else "Bind"},
        {"Name": "IsThrottled", "Value": "True" if act.details.get("throttled") else "False"},
    ]
    folder_id = f"LgAAAA{owner.mailbox_guid.replace('-', '')[:22]}{len(act.folder):02d}AAAB"
    if is_sync:
        record["Item"] = {
            "Id": folder_id,
            "ParentFolder": {"Id": folder_id, "Name": act.folder, "Path": f"\\{act.folder}"},
        }
        return
    domain = f"@{dice.pick(_REGIONS)}.prod.outlook.com>"
    record["Folders"] = [
        {
            "FolderItems": [
                {"Id": f"RgAAAA{item}", "InternetMessageId": f"<{item}{domain}", "SizeInBytes": size}
                for item, size in _messages(max(1, min(act.count, 60)), dice)
            ],
            "Id": folder_id,
            "Path": f"\\{act.folder}",
        }
    ]
    record["OperationCount"] = max(1, act.count)


def _messages(count: int, dice: SeededRandom) -> Iterator[tuple[str, int]]:
    for _ in range(count):
        item = dice.hexadecimal(32)
        yield item, 2048 + int(item[:4], 16)


def _item(record: Record, act: Act, dice: SeededRandom) -> None:
    item = dice.hexadecimal(32)
    parent = {"Id": f"LgAAAA{item[:20]}AAAB", "Path": f"\\{act.folder}"}
    about = {
        "Id": f"RgAAAA{item}",
        "InternetMessageId": f"<{item}@{dice.pick(_REGIONS)}.prod.outlook.com>",
        "ParentFolder": parent,
        "Subject": act.details.get("subject") or dice.pick(SUBJECTS),
        "SizeInBytes": 2000 + dice.below(90000),
    }
    if act.operation in _SINGLE:
        record["Item"] = about
    else:
        record["AffectedItems"], record["CrossMailboxOperation"], record["Folder"] = [about], False, parent
        if act.operation.startswith("Move"):
            record["DestFolder"] = {
                "Id": f"LgAAAA{item[8:28]}AAAB",
                "Path": "\\Deleted Items" if "Deleted" in act.operation else "\\Archive",
            }


SUBJECTS = (
    "Minutes of Tuesday",
    "Re: Invoice 2281",
    "Offer for the second phase",
    "Lunch?",
    "Fw: Contract draft",
    "Status of the release",
    "Travel next week",
    "Re: Re: Budget",
    "Payment details",
    "Welcome",
    "Quarterly figures",
    "Question about your order",
)


def file_record(act: Act, uid: str, tenant: Tenant, dice: SeededRandom, week: int) -> Record:
    """Return a SharePoint or OneDrive record."""
    who, client = act.owner or act.person, act.client
    system = act.details.get("system")
    site = f"https://{tenant.domain.split('.')[0]}-my.sharepoint.com/personal/{who.upn.replace('@', '_').replace('.', '_')}/"
    name = dice.pick(("Plan.docx", "Figures.xlsx", "Slides.pptx", "Notes.one", "Contract.pdf"))
    return {
        "CreationTime": seconds(act.time),
        "Id": uid,
        "Operation": act.operation,
        "OrganizationId": tenant.id,
        "RecordType": 6,
        "UserKey": f"i:0i.t|00000003-0000-0ff1-ce00-000000000000|{system}"
        if system
        else f"i:0h.f|membership|{who.user_key.lower()}@live.com",
        "UserType": 5 if system else 0,
        "Version": 1,
        "Workload": dice.pick(("OneDrive", "SharePoint")),
        "ClientIP": act.client_address,
        "ObjectId": f"{site}Documents/{name}",
        "UserId": system or who.upn,
        "ApplicationId": client.app if client else "00000003-0000-0ff1-ce00-000000000000",
        "CorrelationId": dice.guid(),
        "EventSource": "SharePoint",
        "ItemType": "File",
        "Site": dice.guid(),
        "UserAgent": client.agent(week) if client else "",
        "SourceFileName": name,
        "SiteUrl": site,
        "SourceRelativeUrl": "Documents",
    }


def other_record(act: Act, uid: str, tenant: Tenant, dice: SeededRandom, week: int) -> Record:
    """Return a record of a kind that detection does not model."""
    who = act.person
    return {
        "CreationTime": seconds(act.time),
        "Id": uid,
        "Operation": act.operation,
        "OrganizationId": tenant.id,
        "RecordType": 52 + dice.below(200),
        "UserKey": who.user_key,
        "UserType": 0,
        "Version": 1,
        "Workload": dice.pick(
            ("SecurityComplianceCenter", "ThreatIntelligence", "MicrosoftTeams", "Copilot")
        ),
        "UserId": who.upn if dice.chance(0.8) else "Not Available",
        "AadAppId": dice.guid(),
        "DataType": act.operation,
        "Week": week,
        "Detail": {"EventTime": fraction(act.time), "Count": dice.below(9)},
    }

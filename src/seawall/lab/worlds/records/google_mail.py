"""Google's records of mail and files: Gmail's own log, calls of applications (`token`), and Drive."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.organisation import LabAccount, LabApplication, Tenant
from seawall.lab.worlds.records.accounts import client_id, digits, letters, program_name
from seawall.lab.worlds.records.google_activity import (
    Found,
    Record,
    activity,
    event,
    flag,
    message,
    number,
    text,
)
from seawall.lab.worlds.seeded_random import SeededRandom

OPENED = 7
_MOST_RECORDS = 6
"""Most records of one act of reading many messages; the others were opened before."""
_HANDLED = {
    "Send": 1,
    "SendAs": 1,
    "SendOnBehalf": 1,
    "Move": 12,
    "MoveToDeletedItems": 13,
    "SoftDelete": 14,
    "HardDelete": 14,
}


def reading(act: Act, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    """Yield records of reading: API calls if an application reads, opened messages if a person does."""
    client = act.client
    if client is None or client.family == "teams":
        return  # the provider's own indexing, or another vendor's program
    if isinstance(act.who, LabApplication) or client.style in ("graph", "rest", "ews"):
        yield _call(act, client, tenant, dice)
        return
    if not tenant.systems.mail_log:
        return
    most = act.count if not act.details.get("sync") else 1 + dice.poisson(0.7)
    for place in range(min(most, 1 + dice.below(_MOST_RECORDS))):
        yield _mail(act, client, OPENED, tenant, dice, act.time + 7 * place)


def handling(act: Act, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    """Yield records of sending, moving and deleting."""
    if act.client is not None and act.operation in _HANDLED and tenant.systems.mail_log:
        yield _mail(act, act.client, _HANDLED[act.operation], tenant, dice, act.time)


def kind_of(client: LabClient) -> str:
    """Return Gmail's name for the kind of client."""
    if client.style == "imap":
        return "POP3" if "POP3" in client.info(0) else "IMAP"
    if client.style in ("mapi", "activesync"):
        return "IMAP"
    if client.style == "mobile":
        return "IOS" if "ios" in client.system.lower() else "ANDROID"
    return "WEB"


def _mail(
    act: Act, client: LabClient, number_of_type: int, tenant: Tenant, dice: SeededRandom, time: float
) -> Found:
    owner = act.mailbox
    session: list[Record] = []
    if act.who is not owner and isinstance(act.who, LabAccount):
        session.append(text("delegate_user_email", act.who.upn))
    context = [text("client_type", kind_of(client))]
    if session:
        context.append(message("session_context", *session))
    return activity(
        "gmail",
        act,
        tenant,
        dice,
        {
            **event(
                "delivery_type",
                "delivery",
                message(
                    "event_info",
                    number("mail_event_type", number_of_type),
                    number("timestamp_usec", int(time * 1e6)),
                    flag("success", True),
                    number("elapsed_time_usec", 1000 + dice.below(400_000)),
                    message("client_context", *context),
                ),
                message(
                    "message_info",
                    text("rfc2822_message_id", f"<{dice.token(22)}@mail.{tenant.domain}>"),
                    number("payload_size", 900 + dice.below(90_000)),
                    number("num_message_attachments", dice.poisson(0.2)),
                    flag("is_spam", False),
                ),
            ),
            "resourceIds": [dice.token(20)],
        },
        who=owner,
        time=time,
    )


def _call(act: Act, client: LabClient, tenant: Tenant, dice: SeededRandom) -> Found:
    method = dice.pick_weighted(
        [
            ("gmail.users.messages.get", 0.6),
            ("gmail.users.messages.list", 0.3),
            ("gmail.users.threads.get", 0.1),
        ]
    )
    return activity(
        "token",
        act,
        tenant,
        dice,
        event(
            "auth",
            "activity",
            text("client_id", _client_of(act, client)),
            text("app_name", program_name(client)),
            text("client_type", "WEB" if client.family == "app" else "NATIVE_DESKTOP"),
            text("api_name", "gmail"),
            text("method_name", method),
            number("num_response_bytes", max(1, act.count) * (2000 + dice.below(20_000))),
            text("product_bucket", "GMAIL"),
        ),
        who=act.mailbox,
    )


def _client_of(act: Act, client: LabClient) -> str:
    """Return the client id: a number for a service account, which acts for users by domain-wide delegation."""
    return digits(client.app, 21) if isinstance(act.who, LabApplication) else client_id(client.app)


_FILE_WORK = {
    "FileAccessed": "view",
    "FileModified": "edit",
    "FileDownloaded": "download",
    "FilePreviewed": "view",
    "PageViewed": "view",
    "FileUploaded": "upload",
}


def file(act: Act, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    """Yield Drive's records of work with a file."""
    if not isinstance(act.who, LabAccount):
        return
    kind = dice.pick(("document", "spreadsheet", "presentation", "pdf"))
    yield activity(
        "drive",
        act,
        tenant,
        dice,
        event(
            "access",
            _FILE_WORK[act.operation],
            flag("primary_event", True),
            flag("billable", True),
            text("doc_id", "1" + letters(f"{act.who.upn}/{dice.below(40)}", 43)),
            text("doc_type", kind),
            text("doc_title", f"{kind} {dice.below(200)}"),
            text("visibility", dice.pick(("private", "people_within_domain_with_link", "shared_internally"))),
            text("owner", act.who.upn),
            flag("actor_is_collaborator_account", False),
            flag("owner_is_shared_drive", False),
        ),
    )

"""The records that a plan is made from: rows of normalised events, with their parameters read. Pure.

Rows are few (what one incident's accounts changed), so that here they are objects and not columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from seawall.response.containment.values import Vendor

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

COLUMNS: Final = (
    "metadata_uid", "time", "source", "kind", "activity_name", "status", "org_uid", "account", "account_type",
    "actor_user_uid", "mailbox", "resource_uid", "app_uid", "app_name", "parameters", "unmapped",
)  # fmt: skip
"""The columns of events that a plan needs."""

CHANGES: Final = ("mail_rule", "admin", "directory")
"""The kinds of events that may leave something behind."""

CONSENTS: Final = frozenset(
    {
        "Consent to application",
        "Add delegated permission grant",
        "Add OAuth2PermissionGrant",
        "authorize",
        "app.oauth2.as.consent.grant",
    }
)
"""By what an account lets an application act for it. Its owner does it, led by the intruder, before the intruder comes."""

VENDOR_OF: Final[dict[str, Vendor]] = {
    "m365_audit": "microsoft",
    "office_activity": "microsoft",
    "entra_signin": "microsoft",
    "entra_audit": "microsoft",
    "google_workspace": "google",
    "okta": "okta",
}
"""Which vendor's log a source is."""


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One record of a change. `parameters` are texts by name in lower case; `raw` is what no column holds."""

    id: str
    time: int
    vendor: Vendor
    tenant: str
    account: str
    activity: str
    mailbox: str
    resource: str
    app: str
    app_name: str
    object_id: str
    is_intruders: bool
    lets_in: bool = False
    """Whether it is a consent to an application that the intruder acts through."""

    parameters: dict[str, str] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)

    def text(self, *names: str) -> str:
        """The first of these parameters that says something."""
        for name in names:
            if self.parameters.get(name.lower(), ""):
                return self.parameters[name.lower()]
        return ""

    @property
    def owner(self) -> str:
        """Whose mailbox it was about: the mailbox, else the account itself."""
        return self.mailbox or self.account


def normalise_operation(activity: str) -> str:
    """The name of an operation as it is compared: logs end some with a full stop, and write some with a long dash."""
    return activity.strip().rstrip(".").replace("\u2013", "-")


def read_changes(
    rows: Iterable[Mapping[str, Any]], intruders: frozenset[str], letting_in: frozenset[str] = frozenset()
) -> list[ChangeRecord]:
    """The successful changes among rows of events, by time; `intruders` are ids of the intruder's records, `letting_in` those
    of consents to its applications."""
    found = [_record(row, intruders, letting_in) for row in rows if row.get("source") in VENDOR_OF]
    return sorted(found, key=lambda record: (record.time, record.id))


def _record(row: Mapping[str, Any], intruders: frozenset[str], letting_in: frozenset[str]) -> ChangeRecord:
    def text(name: str) -> str:
        value = row.get(name)
        return replace_surrogates(value) if isinstance(value, str) else ""

    parameters = _object(text("parameters"))
    return ChangeRecord(
        id=text("metadata_uid"),
        time=_time(row.get("time")),
        vendor=VENDOR_OF[text("source")],
        tenant=text("org_uid"),
        account=text("account"),
        activity=text("activity_name"),
        mailbox=text("mailbox"),
        resource=text("resource_uid"),
        app=text("app_uid"),
        app_name=text("app_name"),
        object_id=text("actor_user_uid"),
        is_intruders=text("metadata_uid") in intruders,
        lets_in=text("metadata_uid") in letting_in,
        parameters={name.lower(): _plain(value) for name, value in parameters.items()},
        raw=_object(text("unmapped")),
    )


def replace_surrogates(text: str) -> str:
    """The text without halves of surrogate pairs, which no document and no address can hold; they become `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _object(text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text) if text else {}
    except (msgspec.DecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return replace_surrogates(value)
    return "" if value is None else msgspec.json.encode(value).decode()


def _time(value: Any) -> int:
    return value if isinstance(value, int) else (value - _EPOCH) // _MICROSECOND

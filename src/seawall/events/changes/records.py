"""Read change records from rows of normalised events, with parsed parameters. Pure.

One incident's accounts make few changes, so rows are objects here instead of columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec

LogVendor = Literal["microsoft", "google", "okta"]
"""A vendor whose logs hold changes."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

COLUMNS: Final = (
    "metadata_uid", "time", "source", "kind", "activity_name", "status", "org_uid", "account", "account_type",
    "actor_user_uid", "mailbox", "resource_uid", "app_uid", "app_name", "parameters", "unmapped",
)  # fmt: skip
"""The event columns that a change record is read from."""

CHANGES: Final = ("mail_rule", "admin", "directory")
"""Kinds of events that may leave a persistent change."""

CONSENTS: Final = frozenset(
    {
        "Consent to application",
        "Add delegated permission grant",
        "Add OAuth2PermissionGrant",
        "authorize",
        "app.oauth2.as.consent.grant",
    }
)
"""Operations that let an application act for an account. The tricked owner does this before the intruder comes."""

VENDOR_OF: Final[dict[str, LogVendor]] = {
    "m365_audit": "microsoft",
    "office_activity": "microsoft",
    "graph_activity": "microsoft",
    "entra_signin": "microsoft",
    "mail_flow": "microsoft",
    "entra_audit": "microsoft",
    "google_workspace": "google",
    "okta": "okta",
}
"""The vendor of each log source."""


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One change record. `parameters` are texts by lower-case name; `raw` holds the fields that no column has."""

    id: str
    time: int
    vendor: LogVendor
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
    """Whether this is a consent to an application that the intruder uses."""

    parameters: dict[str, str] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)

    def text(self, *names: str) -> str:
        """Return the first of these parameters that is not empty."""
        for name in names:
            if self.parameters.get(name.lower(), ""):
                return self.parameters[name.lower()]
        return ""

    @property
    def owner(self) -> str:
        """Return the mailbox of the record, else the account itself."""
        return self.mailbox or self.account


def normalise_operation(activity: str) -> str:
    """Return an operation name in comparable form.

    Logs end some names with a full stop and write some with a long dash.
    """
    return activity.strip().rstrip(".").replace("\u2013", "-")


def read_changes(
    rows: Iterable[Mapping[str, Any]], intruders: frozenset[str], letting_in: frozenset[str] = frozenset()
) -> list[ChangeRecord]:
    """Return the successful changes among event rows, by time.

    `intruders` are ids of the intruder's records; `letting_in` are ids of consents to the intruder's applications.
    """
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
    """Replace unpaired surrogates by `?`: neither JSON in UTF-8 nor a URL can hold them."""
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

"""DFIR-IRIS, as alerts. `alert_source_ref` recognises a repeated message; severities and statuses are looked up by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from seawall.response.channels.channel import HttpChannelTable, read_token, secret_setting, url_setting
from seawall.response.channels.http_sending import ChannelCall, decode_answer, read_now
from seawall.response.channels.note import ChannelNote
from seawall.response.channels.tickets import TICKET_KINDS, ticket_key
from seawall_base.http_client import with_query
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import number
from seawall_base.times import rfc3339
from seawall_base.webhooks import DeliveryFailed

SEVERITIES: Final = {
    "info": "informational",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "critical": "critical",
}
NEW: Final = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class IrisChannel(HttpChannelTable):
    """`[[iris]]`: a customer of DFIR-IRIS."""

    DEFAULT_KINDS: ClassVar[tuple[str, ...]] = TICKET_KINDS

    url: Annotated[str, url_setting("address of DFIR-IRIS")]
    key_file: Annotated[str, secret_setting("file with the API key")]
    customer: Annotated[int, SettingDescription("id of the customer", number(int, 1))] = 1

    def check(self) -> None:
        """Read the key once. Raises `ChannelsInvalid`."""
        read_token(self.key_file)

    def send(self, note: ChannelNote) -> None:
        """Create the alert, unless it is there. Raises `DeliveryFailed`."""
        (key,) = read_now(read_token, self.key_file)
        call = ChannelCall("DFIR-IRIS", self, [key], {"Authorization": f"Bearer {key}"})
        base = self.url.rstrip("/")
        found = _data(
            call, "GET", with_query(f"{base}/alerts/filter", {"source_reference": ticket_key(note)})
        )
        if isinstance(found, dict) and found.get("alerts"):
            return
        severities = _data(call, "GET", f"{base}/manage/severities/list")
        statuses = _data(call, "GET", f"{base}/manage/alert-status/list")
        severity = _id_of(severities, "severity", SEVERITIES[note.level])
        _data(
            call,
            "POST",
            f"{base}/alerts/add",
            make_iris_alert(note, self, severity, _id_of(statuses, "status", NEW)),
        )


def make_iris_alert(note: ChannelNote, channel: IrisChannel, severity: int, status: int) -> dict[str, Any]:
    """Return the alert. IRIS shows its texts as plain text."""
    return {
        "alert_title": note.title or note.kind,
        "alert_description": note.text(),
        "alert_source": "Seawall",
        "alert_source_ref": ticket_key(note),
        "alert_source_link": note.link,
        "alert_source_event_time": rfc3339(note.at).removesuffix("Z"),
        "alert_source_content": {"kind": note.kind, "about": note.about, "facts": dict(note.facts)},
        "alert_severity_id": severity,
        "alert_status_id": status,
        "alert_customer_id": channel.customer,
        "alert_tags": f"seawall,{note.kind}",
    }


def _data(call: ChannelCall, method: str, url: str, document: Any = None) -> Any:
    """Return `data` of an answer. Raises `DeliveryFailed` unless its `status` is `success`."""
    found = decode_answer(call.send_json(method, url, document))
    if not isinstance(found, dict) or found.get("status") != "success":
        raise DeliveryFailed("DFIR-IRIS: the answer is no success")
    return found.get("data")


def _id_of(rows: Any, kind: str, name: str) -> int:
    """Return the id of a severity or status by its name. Raises `DeliveryFailed`."""
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and str(row.get(f"{kind}_name", "")).lower() == name:
            id_ = row.get(f"{kind}_id")
            if isinstance(id_, int):
                return id_
    raise DeliveryFailed(f"DFIR-IRIS has no {kind} named {name}", may_have_arrived=False)

"""ServiceNow, by the Table API. `correlation_id` recognises a repeated message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from seawall.response.channels.channel import HttpChannelTable, read_password, secret_setting, url_setting
from seawall.response.channels.http_sending import ChannelCall, basic, decode_answer, read_now
from seawall.response.channels.note import ChannelNote
from seawall.response.channels.tickets import TICKET_KINDS, ticket_key
from seawall_base.http_client import with_query
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import any_text, form

LONGEST_SHORT: Final = 160
LONGEST_DESCRIPTION: Final = 4000
URGENCY: Final = {"info": "3", "low": "3", "medium": "2", "high": "1", "critical": "1"}
IMPACT: Final = {"info": "3", "low": "3", "medium": "3", "high": "2", "critical": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceNowChannel(HttpChannelTable):
    """`[[servicenow]]`: a table of a ServiceNow instance."""

    DEFAULT_KINDS: ClassVar[tuple[str, ...]] = TICKET_KINDS

    url: Annotated[str, url_setting("address of the instance, such as `https://example.service-now.com`")]
    user: Annotated[str, SettingDescription("user name", any_text(100, least=1))]
    password_file: Annotated[str, secret_setting("file with the password")]
    table: Annotated[
        str,
        SettingDescription(
            "table of the records, such as `incident` or `sn_si_incident`",
            form(r"[a-z][a-z0-9_]{1,79}", "incident"),
        ),
    ] = "incident"
    assignment_group: Annotated[
        str, SettingDescription("name or id of the group that gets the records", any_text(100))
    ] = ""

    def check(self) -> None:
        """Read the password once. Raises `ChannelsInvalid`."""
        read_password(self.password_file)

    def send(self, note: ChannelNote) -> None:
        """Create the record, unless it is there. Raises `DeliveryFailed`."""
        (password,) = read_now(read_password, self.password_file)
        authorization = basic(self.user, password)
        call = ChannelCall("ServiceNow", self, [password, authorization], {"Authorization": authorization})
        url = f"{self.url.rstrip('/')}/api/now/table/{self.table}"
        asked = {
            "sysparm_query": f"correlation_id={ticket_key(note)}",
            "sysparm_fields": "number",
            "sysparm_limit": "1",
        }
        found = decode_answer(call.send_json("GET", with_query(url, asked)))
        if not (isinstance(found, dict) and found.get("result")):
            call.send_json("POST", url, make_servicenow_record(note, self))


def make_servicenow_record(note: ChannelNote, channel: ServiceNowChannel) -> dict[str, Any]:
    """Return the record. ServiceNow shows it as plain text."""
    record = {
        "short_description": note.title[:LONGEST_SHORT] or note.kind,
        "description": f"{note.link}\n\n{note.text()}".strip()[:LONGEST_DESCRIPTION],
        "urgency": URGENCY[note.level],
        "impact": IMPACT[note.level],
        "correlation_id": ticket_key(note),
        "correlation_display": "Seawall",
    }
    return {**record, "assignment_group": channel.assignment_group} if channel.assignment_group else record

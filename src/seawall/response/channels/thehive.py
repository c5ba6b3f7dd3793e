"""TheHive 5, as alerts. Type, source and `sourceRef` recognise a repeated message: TheHive refuses it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from seawall.response.channels.channel import HttpChannelTable, read_token, secret_setting, url_setting
from seawall.response.channels.http_sending import ANY, ChannelCall, decode_answer, read_now
from seawall.response.channels.note import ChannelNote
from seawall.response.channels.tickets import TICKET_KINDS, make_markdown, ticket_key
from seawall_base.http_client import HttpResponse
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import form

SEVERITIES: Final = {"info": 1, "low": 1, "medium": 2, "high": 3, "critical": 4}
LONGEST_TITLE: Final = 512
LONGEST_TAG: Final = 128
_MAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TheHiveChannel(HttpChannelTable):
    """`[[thehive]]`: an organisation of TheHive 5."""

    DEFAULT_KINDS: ClassVar[tuple[str, ...]] = TICKET_KINDS

    url: Annotated[str, url_setting("address of TheHive")]
    key_file: Annotated[str, secret_setting("file with the API key")]
    organisation: Annotated[
        str,
        SettingDescription(
            "organisation of TheHive, if the user has several", form(r"[!-~]{0,100}", "a name without spaces")
        ),
    ] = ""

    def check(self) -> None:
        """Read the key once. Raises `ChannelsInvalid`."""
        read_token(self.key_file)

    def send(self, note: ChannelNote) -> None:
        """Create the alert; one that is there already is success. Raises `DeliveryFailed`."""
        (key,) = read_now(read_token, self.key_file)
        headers = {"Authorization": f"Bearer {key}"}
        if self.organisation:
            headers["X-Organisation"] = self.organisation
        call = ChannelCall("TheHive", self, [key], headers)
        answer = call.send_json(
            "POST", f"{self.url.rstrip('/')}/api/v1/alert", make_hive_alert(note), accepted=ANY
        )
        if answer.status not in (200, 201) and not _is_known(answer):
            raise call.refusal(answer)


def make_hive_alert(note: ChannelNote) -> dict[str, Any]:
    """Return the alert. Its description is Markdown."""
    alert: dict[str, Any] = {
        "type": "seawall",
        "source": "Seawall",
        "sourceRef": ticket_key(note),
        "title": (note.title or note.kind)[:LONGEST_TITLE],
        "description": make_markdown(note),
        "severity": SEVERITIES[note.level],
        "date": note.at // 1000,
        "tags": ["seawall", note.kind, *([note.organisation[:LONGEST_TAG]] if note.organisation else [])],
    }
    if note.link:
        alert["externalLink"] = note.link
    account = dict(note.facts).get("Account", "")
    if _MAIL.fullmatch(account):
        alert["observables"] = [
            {"dataType": "mail", "data": account, "message": "the account of the incident"}
        ]
    return alert


def _is_known(answer: HttpResponse) -> bool:
    """Return whether TheHive refuses the alert because it has it; it says so with status 400 or 409."""
    said = decode_answer(answer)
    text = str(said.get("message", "")) if isinstance(said, dict) else ""
    return answer.status in (400, 409) and text.lower().startswith(
        ("alert already exist", "an alert already exist")
    )

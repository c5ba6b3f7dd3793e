"""MISP, as unpublished events of the own organisation. The UUID recognises a repeated message: MISP refuses it."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from seawall.response.channels.channel import (
    INCIDENTS,
    HttpChannelTable,
    read_token,
    secret_setting,
    url_setting,
)
from seawall.response.channels.http_sending import ANY, ChannelCall, decode_answer, read_now
from seawall.response.channels.note import ChannelNote
from seawall_base.http_client import HttpResponse
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import any_texts, form, number
from seawall_base.times import rfc3339

LEVELS: Final = {"info": "4", "low": "3", "medium": "2", "high": "1", "critical": "1"}
MOST_ADDRESSES: Final = 100
_NAMESPACE: Final = uuid.UUID("6f1d8d0e-3d0a-5c1b-9b57-6e0a8f6f5a11")
_MAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MispChannel(HttpChannelTable):
    """`[[misp]]`: an instance of MISP."""

    DEFAULT_KINDS: ClassVar[tuple[str, ...]] = INCIDENTS

    url: Annotated[str, url_setting("address of MISP")]
    key_file: Annotated[str, secret_setting("file with the authentication key")]
    distribution: Annotated[
        int,
        SettingDescription(
            "who may see the event once you publish it: 0 your organisation, 1 this community, 2 connected ones, 3 all",
            number(int, 0, 3),
        ),
    ] = 0
    tags: Annotated[
        tuple[str, ...],
        SettingDescription("tags of the event", any_texts(form(r"[ -~]{1,200}", "tlp:amber"))),
    ] = ("tlp:amber",)

    def check(self) -> None:
        """Read the key once. Raises `ChannelsInvalid`."""
        read_token(self.key_file)

    def send(self, note: ChannelNote) -> None:
        """Add the event; one that is there already is success. Raises `DeliveryFailed`."""
        (key,) = read_now(read_token, self.key_file)
        call = ChannelCall("MISP", self, [key], {"Authorization": key})
        answer = call.send_json(
            "POST", f"{self.url.rstrip('/')}/events/add", make_misp_event(note, self), accepted=ANY
        )
        if answer.status not in (200, 201) and not _is_known(answer):
            raise call.refusal(answer, is_final=_is_refused(answer) or None)


def make_misp_event(note: ChannelNote, channel: MispChannel) -> dict[str, Any]:
    """Return the event: who was attacked, from which addresses, and the link. No attribute is marked for blocking."""
    values = [("text", "External analysis", note.text())]
    if note.link:
        values.append(("link", "External analysis", note.link))
    account = dict(note.facts).get("Account", "")
    if _MAIL.fullmatch(account):
        values.append(("target-email", "Targeting data", account))
    addresses = list(dict.fromkeys(_addresses(note.document)))[:MOST_ADDRESSES]
    values += [("ip-src", "Network activity", address) for address in addresses]
    attributes = [
        {"type": kind, "category": category, "value": value, "to_ids": False}
        for kind, category, value in values
    ]
    return {
        "Event": {
            "uuid": str(uuid.uuid5(_NAMESPACE, note.id)),
            "info": f"Seawall: {note.title or note.kind}",
            "date": rfc3339(note.at)[:10],
            "distribution": str(channel.distribution),
            "threat_level_id": LEVELS[note.level],
            "analysis": "0",
            "published": False,
            "Tag": [{"name": tag} for tag in channel.tags],
            "Attribute": attributes,
        }
    }


def _addresses(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the addresses among the values of an incident's reasons."""
    for reason in document.get("reasons") or ():
        value = reason.get("value") if isinstance(reason, Mapping) else None
        if isinstance(value, str) and len(value) < 64:
            try:
                yield str(ipaddress.ip_address(value))
            except ValueError:
                continue


def _is_known(answer: HttpResponse) -> bool:
    """Return whether MISP refuses the event because it has it; it says so with status 404, in later versions 403."""
    return answer.status in (403, 404, 409) and b"Event already exists" in answer.body


def _is_refused(answer: HttpResponse) -> bool:
    """Return whether MISP refuses the event itself, which it says with the status of a missing right."""
    said = decode_answer(answer)
    return answer.status == 403 and isinstance(said, dict) and bool(said.get("errors"))

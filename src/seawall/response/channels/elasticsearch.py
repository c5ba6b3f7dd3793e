"""Elasticsearch and OpenSearch, by the bulk API, as ECS documents. A document that is there already is success."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from seawall.response.channels.channel import (
    HttpChannelTable,
    read_password,
    read_token,
    url_setting,
)
from seawall.response.channels.ecs import make_ecs_document
from seawall.response.channels.http_sending import ChannelCall, basic, decode_answer, read_now
from seawall.response.channels.note import ChannelNote
from seawall_base.json_text import encode_json
from seawall_base.safe_text import visible
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import any_text, form
from seawall_base.webhooks import DeliveryFailed

LONGEST_ID: Final = 512


def check_credentials(channel: Any) -> Iterator[tuple[str, str, str]]:
    """Yield a fault unless there is exactly one way to sign in."""
    if bool(channel.api_key_file) == bool(channel.user):
        yield "", "needs either api_key_file, or user and password_file", 'write api_key_file = "elastic-key"'
    if bool(channel.user) != bool(channel.password_file):
        yield "password_file", "user and password_file belong together", "write both"


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticsearchChannel(HttpChannelTable):
    """`[[elasticsearch]]`: a data stream or index of Elasticsearch or OpenSearch."""

    CHECKS: ClassVar = (check_credentials,)

    url: Annotated[str, url_setting("address of the cluster, such as `https://elastic.example.com:9200`")]
    index: Annotated[
        str,
        SettingDescription(
            "data stream or index", form(r"[a-z0-9][a-z0-9._-]{0,200}", "logs-seawall.messages-default")
        ),
    ] = "logs-seawall.messages-default"
    api_key_file: Annotated[
        str, SettingDescription("file with the encoded API key, mode 0600", is_file=True)
    ] = ""
    user: Annotated[str, SettingDescription("user name, instead of an API key", any_text(200))] = ""
    password_file: Annotated[str, SettingDescription("file with the password, mode 0600", is_file=True)] = ""

    def check(self) -> None:
        """Read the secret once. Raises `ChannelsInvalid`."""
        if self.user:
            read_password(self.password_file)
        else:
            read_token(self.api_key_file)

    def send(self, note: ChannelNote) -> None:
        """Create the document. Raises `DeliveryFailed`."""
        if self.user:
            (secret,) = read_now(read_password, self.password_file)
            authorization = basic(self.user, secret)
        else:
            (secret,) = read_now(read_token, self.api_key_file)
            authorization = f"ApiKey {secret}"
        call = ChannelCall("Elasticsearch", self, [secret, authorization], {"Authorization": authorization})
        action = {"create": {"_index": self.index, "_id": document_id(note)}}
        body = encode_json(action) + b"\n" + encode_json(make_ecs_document(note)) + b"\n"
        headers = {"Content-Type": "application/x-ndjson"}
        answer = call.send("POST", f"{self.url.rstrip('/')}/_bulk", headers, body)
        _check_item(decode_answer(answer))


def document_id(note: ChannelNote) -> str:
    """Return the id of a message's document: the same in all attempts."""
    return note.id if len(note.id.encode()) <= LONGEST_ID else hashlib.sha256(note.id.encode()).hexdigest()


def _check_item(answer: Any) -> None:
    """Raise `DeliveryFailed` unless the one item was created, or was there already."""
    try:
        result = answer["items"][0]["create"]
        status = int(result["status"])
    except (TypeError, KeyError, IndexError, ValueError):
        raise DeliveryFailed("Elasticsearch: the answer is no answer to a bulk request") from None
    if status < 300 or status == 409:
        return
    error = result.get("error") if isinstance(result.get("error"), dict) else {}
    raise DeliveryFailed(
        f"Elasticsearch refused the document with status {status}: {visible(str(error.get('type', '')), 100)}",
        is_final=status == 400,
        may_have_arrived=status >= 500,
    )

"""Microsoft Sentinel, by the Logs Ingestion API of Azure Monitor, with the client credentials of an application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import quote

from seawall.response.channels.channel import HttpChannelTable, read_token, secret_setting, url_setting
from seawall.response.channels.http_sending import ChannelCall, decode_answer, read_now
from seawall.response.channels.note import ChannelNote
from seawall.response.channels.record import make_record
from seawall_base.http_client import form as encode_form
from seawall_base.json_text import encode_json
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import form
from seawall_base.webhooks import DeliveryFailed

API_VERSION: Final = "2023-01-01"
MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelChannel(HttpChannelTable):
    """`[[sentinel]]`: a table of a Log Analytics workspace, by a data collection rule."""

    endpoint: Annotated[
        str,
        url_setting(
            "logs ingestion endpoint of the rule, such as `https://seawall-abcd.westeurope-1.ingest.monitor.azure.com`"
        ),
    ]
    rule: Annotated[
        str,
        SettingDescription(
            "immutable id of the data collection rule",
            form(r"dcr-[A-Za-z0-9]{8,64}", "dcr-000a00a000a00000a000000aa000a0aa"),
        ),
    ]
    tenant: Annotated[
        str,
        SettingDescription(
            "directory (tenant) id of the application", form(r"[A-Za-z0-9.-]{1,100}", "the tenant id")
        ),
    ]
    client_id: Annotated[
        str, SettingDescription("client id of the application", form(r"[A-Za-z0-9-]{1,100}", "the client id"))
    ]
    secret_file: Annotated[str, secret_setting("file with the client secret of the application")]
    stream: Annotated[
        str, SettingDescription("stream of the rule", form(r"[A-Za-z0-9_-]{1,200}", "Custom-Seawall_CL"))
    ] = "Custom-Seawall_CL"
    login: Annotated[str, url_setting("sign-in host, for other clouds")] = "https://login.microsoftonline.com"
    audience: Annotated[str, url_setting("resource of the token, for other clouds")] = (
        "https://monitor.azure.com"
    )

    def check(self) -> None:
        """Read the secret once. Raises `ChannelsInvalid`."""
        read_token(self.secret_file)

    def send(self, note: ChannelNote) -> None:
        """Send the row. Raises `DeliveryFailed`."""
        (secret,) = read_now(read_token, self.secret_file)
        token = self._token(secret)
        call = ChannelCall("Azure Monitor", self, [token, secret], {"Authorization": f"Bearer {token}"})
        path = (
            f"dataCollectionRules/{quote(self.rule)}/streams/{quote(self.stream)}?api-version={API_VERSION}"
        )
        call.send_json("POST", f"{self.endpoint.rstrip('/')}/{path}", [make_row(note)])

    def _token(self, secret: str) -> str:
        call = ChannelCall("Microsoft's sign-in", self, [secret])
        body = encode_form(
            {
                "grant_type": "client_credentials",
                "client_id": self.client_id,
                "client_secret": secret,
                "scope": f"{self.audience.rstrip('/')}/.default",
            }
        )
        url = f"{self.login.rstrip('/')}/{quote(self.tenant)}/oauth2/v2.0/token"
        try:
            answer = call.send("POST", url, {"Content-Type": "application/x-www-form-urlencoded"}, body)
        except DeliveryFailed as error:
            # whatever the sign-in refuses, the message itself was not sent and may be once the cause is gone
            raise DeliveryFailed(str(error), may_have_arrived=False, retry_after=error.retry_after) from None
        found = decode_answer(answer)
        token = found.get("access_token") if isinstance(found, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise DeliveryFailed("Microsoft's sign-in: the answer holds no token", may_have_arrived=False)
        return token


def make_row(note: ChannelNote) -> dict[str, Any]:
    """Return the row; the guide has the table with its columns."""
    record = make_record(note)
    row = {
        "TimeGenerated": record["time"],
        "MessageId": record["message_id"],
        "Kind": record["kind"],
        "Level": record["level"],
        "Organisation": record["organisation"],
        "About": record["about"],
        "Account": record["account"],
        "Title": record["title"],
        "Lines": record["lines"],
        "Link": record["link"],
        "Facts": record["facts"],
        "Document": record["document"],
    }
    return row if len(encode_json(row)) <= MOST_BYTES else {**row, "Document": None}

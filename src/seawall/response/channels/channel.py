"""What all channels share: their name, their filters, and how a secret is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Protocol

from seawall.detection.incident import SEVERITIES
from seawall.response.channels.campaign_part import narrow_campaign
from seawall.response.channels.note import KINDS, ChannelNote
from seawall.response.errors import ChannelsInvalid
from seawall_base.secret_file import read_secret
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import any_text, any_texts, choice, form, number, or_empty, unquoted_url

ALARMS: Final = (
    "incident.raised", "history.judged", "source.silent", "source.resumed", "watch.interrupted",
    "campaign.found", "containment.done", "containment.unclear", "containment.withheld",
)  # fmt: skip
EVERYTHING: Final = KINDS
INCIDENTS: Final = ("incident.raised",)
_VISIBLE: Final = re.compile(r"[!-~]{1,4096}")


class Channel(Protocol):
    """One place that gets messages. Its settings are its fields."""

    @property
    def target(self) -> str:
        """Return the name by which the outbox knows it."""

    def narrow(self, kind: str, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the part of a document that it gets, None if nothing."""

    def parts(self) -> Sequence[Channel]:
        """Return the channels that are delivered one by one: itself, or one for each recipient."""

    def check(self) -> None:
        """Read its secrets once. Raises `ChannelsInvalid`."""

    def send(self, note: ChannelNote) -> None:
        """Send one message. Raises `DeliveryFailed` and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTable:
    """The settings that every channel has."""

    DEFAULT_KINDS: ClassVar[tuple[str, ...]] = EVERYTHING

    name: Annotated[
        str,
        SettingDescription(
            "name of the channel in commands and logs: letters a-z, digits and hyphens; no two channels share one",
            form(r"[a-z0-9][a-z0-9-]{0,62}", "letters a-z, digits and hyphens"),
        ),
    ]
    severity: Annotated[
        Literal["low", "medium", "high", "critical"],
        SettingDescription("least severity of the incidents that it gets"),
    ] = "low"
    organisations: Annotated[
        tuple[str, ...],
        SettingDescription("organisations (`tenant`) of which it gets messages; by default all", any_texts()),
    ] = ()
    kinds: Annotated[
        tuple[str, ...],
        SettingDescription(
            "kinds of messages that it gets, such as `incident.raised`; the default is in the guide",
            any_texts(choice(*KINDS)),
            "texts",
        ),
    ] = ()

    @property
    def target(self) -> str:
        """Return the name by which the outbox knows the channel."""
        return f"channel {self.name}"

    def narrow(self, kind: str, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the part of a document that the channel gets, None if nothing."""
        if kind == "channel.test":
            return document
        if kind not in (self.kinds or self.DEFAULT_KINDS):
            return None
        if kind == "incident.raised" and _rank(document.get("severity")) < _rank(self.severity):
            return None
        if not self.organisations:
            return document
        if kind == "digest.weekly":
            rows = [
                one for one in document.get("organisations", ()) if one.get("tenant") in self.organisations
            ]
            return {**document, "organisations": rows}
        if kind == "campaign.found":
            return narrow_campaign(document, self.organisations)
        tenant = document.get("tenant")
        return document if tenant is None or tenant in self.organisations else None

    def parts(self) -> Sequence[Channel]:
        """Return the channel alone."""
        return (self,)

    def check(self) -> None:
        """Read the secrets once. Raises `ChannelsInvalid`."""

    def send(self, note: ChannelNote) -> None:
        """Send one message. Raises `DeliveryFailed` and nothing else."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpChannelTable(ChannelTable):
    """The settings that every channel over HTTP has."""

    ca_file: Annotated[
        str,
        SettingDescription("certificates (PEM) to trust instead of the system's", is_file=True),
    ] = ""
    timeout: Annotated[
        float,
        SettingDescription(
            "seconds for one request, however slowly the answer arrives", number(float, 0.05, 120)
        ),
    ] = 15.0


def _rank(severity: Any) -> int:
    """Return the rank of a severity; an unknown one counts as the highest, so that nothing is withheld."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def secret_setting(words: str) -> SettingDescription:
    """Describe a setting that names the file of a secret."""
    return SettingDescription(f"{words}, mode 0600", any_text(least=1), "path", is_file=True)


def url_setting(words: str) -> SettingDescription:
    """Describe a setting that is a URL without a secret in it."""
    return SettingDescription(words, or_empty(unquoted_url), "URL")


def read_token(file: str) -> str:
    """Return the token in a file that only its owner can read: one line of visible ASCII. Raises `ChannelsInvalid`."""
    text = read_secret(
        Path(file), ChannelsInvalid, what="the secret", fix="check the path in the channels file"
    )
    if not _VISIBLE.fullmatch(text):
        raise ChannelsInvalid(
            f"{file}: the file must hold one line of visible ASCII without spaces",
            fix="write the secret alone into it",
        )
    return text


def read_password(file: str) -> str:
    """Return the password in a file that only its owner can read. Raises `ChannelsInvalid`."""
    return read_secret(
        Path(file), ChannelsInvalid, what="the secret", fix="check the path in the channels file"
    )

"""Read the channels file: one table for each channel, by its kind. A TOML file."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, get_args, get_type_hints

from seawall.response.channels.channel import Channel, ChannelTable, url_setting
from seawall.response.channels.elasticsearch import ElasticsearchChannel
from seawall.response.channels.iris import IrisChannel
from seawall.response.channels.jira import JiraChannel
from seawall.response.channels.mail import MailChannel
from seawall.response.channels.misp import MispChannel
from seawall.response.channels.pagerduty import PagerDutyChannel
from seawall.response.channels.sentinel import SentinelChannel
from seawall.response.channels.servicenow import ServiceNowChannel
from seawall.response.channels.slack import SlackChannel
from seawall.response.channels.splunk import SplunkChannel
from seawall.response.channels.syslog import SyslogChannel
from seawall.response.channels.teams import TeamsChannel
from seawall.response.channels.thehive import TheHiveChannel
from seawall.response.errors import ChannelsInvalid
from seawall_base.settings_document import read_toml
from seawall_base.settings_table import SettingDescription, read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelsFile:
    """The whole channels file, as written. Its fields are the kinds of channels that there are."""

    console: Annotated[
        str, url_setting("URL of the console, for links; by default that of `seawall serve --host`")
    ] = ""
    mail: Annotated[tuple[MailChannel, ...], SettingDescription("recipients of mail")] = ()
    slack: Annotated[tuple[SlackChannel, ...], SettingDescription("channels of Slack")] = ()
    teams: Annotated[tuple[TeamsChannel, ...], SettingDescription("channels of Microsoft Teams")] = ()
    pagerduty: Annotated[tuple[PagerDutyChannel, ...], SettingDescription("services of PagerDuty")] = ()
    jira: Annotated[tuple[JiraChannel, ...], SettingDescription("projects of Jira")] = ()
    servicenow: Annotated[tuple[ServiceNowChannel, ...], SettingDescription("tables of ServiceNow")] = ()
    thehive: Annotated[tuple[TheHiveChannel, ...], SettingDescription("organisations of TheHive 5")] = ()
    iris: Annotated[tuple[IrisChannel, ...], SettingDescription("customers of DFIR-IRIS")] = ()
    misp: Annotated[tuple[MispChannel, ...], SettingDescription("instances of MISP")] = ()
    syslog: Annotated[tuple[SyslogChannel, ...], SettingDescription("syslog receivers")] = ()
    splunk: Annotated[tuple[SplunkChannel, ...], SettingDescription("event collectors of Splunk")] = ()
    elasticsearch: Annotated[
        tuple[ElasticsearchChannel, ...], SettingDescription("clusters of Elasticsearch or OpenSearch")
    ] = ()
    sentinel: Annotated[tuple[SentinelChannel, ...], SettingDescription("tables of Microsoft Sentinel")] = ()

    @property
    def console_url(self) -> str:
        """Return the console's URL with a final slash, empty if unknown."""
        return self.console.rstrip("/") + "/" if self.console else ""

    def channels(self) -> tuple[ChannelTable, ...]:
        """Return all channels, in the order of their kinds."""
        return tuple(
            one for kind in fields(self) if kind.name != "console" for one in getattr(self, kind.name)
        )

    def channel(self, name: str) -> ChannelTable:
        """Return the channel with this name. Raises `ChannelsInvalid`."""
        for channel in self.channels():
            if channel.name == name:
                return channel
        names = ", ".join(one.name for one in self.channels()) or "none"
        raise ChannelsInvalid(f"there is no channel {name!r}", fix=f"the channels are: {names}")


def load_channels(path: Path) -> ChannelsFile:
    """Read a channels file, and check that every secret that it names can be read.

    Paths in it are relative to the file. Raises `ChannelsInvalid` with every fault and its line.
    """
    if not path.exists():
        raise ChannelsInvalid(
            f"{path}: the channels file is missing",
            fix=f"`seawall channels begin {shlex.quote(str(path))}` writes one to fill in",
        )
    document, faults = read_toml(
        path,
        ChannelsInvalid,
        give="check --channels",
        described="every setting is described in docs/reference/settings.md",
    )
    found = read_table(ChannelsFile, document, (), faults, path.parent)
    if found is None:
        faults.refuse()
        raise AssertionError  # without a result there was a fault
    seen: set[str] = set()
    for kind in fields(found):
        if kind.name == "console":
            continue
        for number, channel in enumerate(getattr(found, kind.name)):
            at = (kind.name, number)
            if channel.name in seen:
                faults.add(
                    (*at, "name"), f"{channel.name} is the name of another channel", "choose another name"
                )
            seen.add(channel.name)
            try:
                channel.check()
            except ChannelsInvalid as error:
                faults.add(at, error.message, error.fix)
    faults.refuse()
    return found


def open_channels(path: Path | None) -> tuple[str, tuple[Channel, ...]]:
    """Return the console's URL and the channels that are delivered one by one; nothing without a file.

    Raises `ChannelsInvalid`.
    """
    if path is None:
        return "", ()
    found = load_channels(path)
    return found.console_url, tuple(part for channel in found.channels() for part in channel.parts())


def kind_of_channel(channel: ChannelTable) -> str:
    """Return the kind of a channel, as its table in the file is called."""
    hints = get_type_hints(ChannelsFile)
    return next(name for name, hint in hints.items() if get_args(hint)[:1] == (type(channel),))

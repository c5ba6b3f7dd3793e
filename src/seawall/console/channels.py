"""`/api/channels`: the channels that get messages, and a test message to one of them, for admins."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec

from seawall.console.api_error import not_found, too_many_requests, unavailable
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.sign_in.rate_limits import RateLimiter
from seawall.response.channels.settings import ChannelsFile, kind_of_channel, load_channels
from seawall.response.channels.testing import try_channel
from seawall.response.errors import ChannelsInvalid
from seawall_base.clock import Clock

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext

MOST_TESTS: Final = 5
MINUTE: Final = 60.0
TEST: Final = "channel.test"
_LIMITER: Final = "channel tests"


class ChannelRow(msgspec.Struct, frozen=True):
    """A channel and what it gets: incidents of a `severity` or a worse one, of `organisations` (none: of all), and `kinds`."""

    name: str
    channel: str
    severity: str
    organisations: list[str]
    kinds: list[str]


class ChannelList(msgspec.Struct, frozen=True):
    """All channels of the file. Without a file there are none, and `has_file` is false."""

    items: list[ChannelRow]
    has_file: bool


class ChannelTestResult(msgspec.Struct, frozen=True):
    """What one receiver of the channel answered; `reason` says why the message was not accepted."""

    target: str
    accepted: bool
    reason: str


class ChannelTestResults(msgspec.Struct, frozen=True):
    """What all receivers of the channel answered."""

    items: list[ChannelTestResult]


def list_channels(call: ApiCall) -> ChannelList:
    """List the channels. None of their secrets leaves the server."""
    found = _load(call.context)
    if found is None:
        return ChannelList([], False)
    rows = [
        ChannelRow(
            one.name,
            kind_of_channel(one),
            one.severity,
            list(one.organisations),
            [kind for kind in one.kinds or one.DEFAULT_KINDS if kind != TEST],
        )
        for one in found.channels()
    ]
    return ChannelList(rows, True)


def send_test_message(call: ApiCall) -> ChannelTestResults:
    """Send a test message to a channel, once, whatever its filters. The audit trail has it before anything is sent."""
    found = _load(call.context)
    channel = None
    if found is not None:
        channel = next((one for one in found.channels() if one.name == call.path["name"]), None)
    if found is None or channel is None:
        raise not_found("channel of this name")
    limiter: RateLimiter = call.context.notes.setdefault(_LIMITER, RateLimiter(MOST_TESTS, MINUTE))
    wait = limiter.take("all", time.monotonic())
    if wait:
        raise too_many_requests(wait, f"at most {MOST_TESTS} test messages a minute")
    with call.context.database.writing() as work:
        call.note(work, "channel-tested", channel.name, channel=kind_of_channel(channel))
    results = try_channel(channel, found.console_url, Clock())
    return ChannelTestResults([ChannelTestResult(one.target, one.is_accepted, one.reason) for one in results])


def _load(context: ConsoleContext) -> ChannelsFile | None:
    """Return the channels file as it is now, None without one. Raises `ApiError` (503) for one with a fault."""
    if context.channels is None:
        return None
    try:
        return load_channels(context.channels)
    except ChannelsInvalid:
        raise unavailable(
            "the channels file has a fault", fix="run `seawall channels list --channels FILE` on the server"
        ) from None


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/channels",
        handle=list_channels,
        role="admin",
        tenants="all",
        summary="The channels that get messages, and what each gets",
        group="settings",
        answer=ChannelList,
    ),
    Endpoint(
        method="POST",
        path="/api/channels/{name}/test",
        handle=send_test_message,
        role="admin",
        tenants="all",
        summary="Send a test message to a channel, and say what the receiver answered",
        group="settings",
        answer=ChannelTestResults,
        seconds=120.0,
        is_heavy=True,
        codes=((404, "not-found"), (429, "too-many-requests")),
    ),
)

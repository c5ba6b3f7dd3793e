"""Send a test message to a channel, and return what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.response.channels.channel import Channel
from seawall.response.channels.note import make_test_note
from seawall_base.clock import Clock
from seawall_base.webhooks import DeliveryFailed


@dataclass(frozen=True, slots=True)
class ChannelTest:
    """The outcome of a test message. `reason` is why it was not accepted; it contains no secret."""

    target: str
    is_accepted: bool
    reason: str = ""


def try_channel(channel: Channel, console: str, clock: Clock) -> list[ChannelTest]:
    """Send a test message to each part of a channel, once."""
    results = []
    for part in channel.parts():
        note = make_test_note(part.target.removeprefix("channel "), at=clock.now(), console=console)
        try:
            part.send(note)
            results.append(ChannelTest(part.target, True))
        except DeliveryFailed as error:
            results.append(ChannelTest(part.target, False, str(error)))
    return results

"""Deliver the messages in the outbox to webhooks and channels: in order for each, retried with growing pauses and a constant id.

A message is marked as delivered after the receiver accepted it. After a crash in between, it is sent again with the same
id.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from seawall.pipeline.live.recipients import Recipients
from seawall.pipeline.live.settings import LiveSettings
from seawall.response.channels.channel import Channel
from seawall.response.channels.note import make_note
from seawall.response.channels.settings import open_channels
from seawall.storage.database import Database
from seawall.storage.database.outbox import OutboxMessage
from seawall_base.clock import Clock
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.errors import SeawallError
from seawall_base.json_text import encode_json
from seawall_base.times import rfc3339
from seawall_base.webhook import Webhook
from seawall_base.webhooks import DeliveryFailed, send, target_of

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 3600.0
MOST_ATTEMPTS = 30
"""Attempts before a message is given up: about a day, with pauses that double up to an hour."""

_MANY = 100
_SECOND = 1_000_000

Send = Callable[..., object]


SendMessage = Callable[[OutboxMessage, int], None]
"""Send a message at a time in microseconds since 1970. Raises `DeliveryFailed`."""


@dataclass(slots=True)
class _TargetState:
    """The state of one target. It may be tried again at `after`, in seconds of the monotonic clock."""

    send: SendMessage
    after: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class MessageDeliverer:
    """Deliver waiting messages to webhooks and channels, from one thread at a time.

    `console` is the console's URL, empty if unknown. `check` is called before a message is sent, and raises if another
    process delivers by now. Retries follow the monotonic clock; the times in the database are
    informative. Tests replace `post`.
    """

    database: Database
    webhooks: Sequence[Webhook]
    clock: Clock
    post: Send = send
    step: Callable[[str], None] = lambda _: None
    console: str = ""
    channels: Sequence[Channel] = ()
    is_withheld: bool = False
    fault: str | None = None
    check: Callable[[], None] = lambda: None
    _turns: dict[str, _TargetState] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make every target due at once."""
        ways = {target_of(webhook): self._by_webhook(webhook) for webhook in self.webhooks}
        ways |= {channel.target: self._by_channel(channel) for channel in self.channels}
        self._turns = {target: _TargetState(way) for target, way in ways.items()}

    def _by_webhook(self, webhook: Webhook) -> SendMessage:
        def send_one(message: OutboxMessage, at: int) -> None:
            body = body_of(message, self.console)
            self.post(webhook, message_id(message), body, seconds=at // _SECOND)

        return send_one

    def _by_channel(self, channel: Channel) -> SendMessage:
        def send_one(message: OutboxMessage, _: int) -> None:
            channel.send(
                make_note(
                    message_id(message),
                    message.kind,
                    message.incident,
                    message.document,
                    at=message.created_at,
                    console=self.console,
                )
            )

        return send_one

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the webhooks and channels."""
        return tuple(self._turns)

    @property
    def recipients(self) -> Recipients:
        """Who gets which messages."""
        return Recipients(
            tuple(target_of(webhook) for webhook in self.webhooks), tuple(self.channels), self.is_withheld
        )

    def run(self, stopped: threading.Event, woken: threading.Event) -> None:
        """Deliver until stopped; `woken` is set when new messages may exist."""
        while not stopped.is_set():
            try:
                self.deliver()
                self.fault = None
            except SeawallError as error:
                self.fault = error.message
            except Exception as error:  # noqa: BLE001 - reported as fault; the next message must be tried
                self.fault = f"messages are not delivered: unexpected {type(error).__name__}"
            woken.wait(1.0)
            woken.clear()

    def deliver(self) -> int:
        """Try the messages that are due; return how many were delivered. Raises errors of the database."""
        taken = 0
        with self.database.reading() as work:
            waiting = {target: work.outbox.of_target(target, _MANY) for target in work.outbox.targets()}
        for target, messages in waiting.items():
            turn = self._turns.get(target)
            for message in messages:
                if turn is None:
                    self._give_up(message, "this webhook or channel is not configured any more")
                elif turn.after > self.clock.monotonic() or not self._try_message(message, turn):
                    break
                else:
                    taken += 1
        return taken

    def _try_message(self, message: OutboxMessage, turn: _TargetState) -> bool:
        """Send one message; return whether the next one to the same target may follow."""
        self.check()
        at = self.clock.now()
        try:
            turn.send(message, at)
        except DeliveryFailed as error:
            turn.failures += 1
            pause = min(FIRST_PAUSE * 2.0 ** min(turn.failures - 1, 30), LONGEST_PAUSE)
            pause = max(pause, min(error.retry_after, LONGEST_PAUSE))
            turn.after = self.clock.monotonic() + pause
            if error.is_final or message.attempts + 1 >= MOST_ATTEMPTS:
                self._give_up(message, str(error))
            else:
                with self.database.writing() as work:
                    work.outbox.retry(message.id, next_at=at + round(pause * _SECOND), error=str(error))
            return False
        self.step("sent")
        turn.failures, turn.after = 0, 0.0
        with self.database.writing() as work:
            work.outbox.mark_delivered(message.id, at=at)
        return True

    def _give_up(self, message: OutboxMessage, reason: str) -> None:
        with self.database.writing() as work:
            work.outbox.mark_failed(message.id, at=self.clock.now(), error=reason)


def open_deliverer(
    settings: LiveSettings, database: Database, clock: Clock, step: Callable[[str], None]
) -> MessageDeliverer:
    """Return the deliverer to a watch's webhooks and channels. Raises `ChannelsInvalid`."""
    console, channels = open_channels(settings.channels)
    return MessageDeliverer(
        database,
        settings.webhooks,
        clock,
        step=step,
        console=settings.console or console,
        channels=channels,
        is_withheld=not settings.announces,
    )


def message_id(message: OutboxMessage) -> str:
    """Return the id by which a receiver recognises a message in all attempts."""
    return f"seawall-{message.kind.replace('.', '-')}-{message.created_at}-{message.id}"


def body_of(message: OutboxMessage, console: str = "") -> bytes:
    """Return the body: kind, creation time, document, and the incident's URL if `console` is known."""
    body: Mapping[str, Any] = {
        "type": message.kind,
        "timestamp": rfc3339(message.created_at),
        "schema_version": SCHEMA_VERSION,
        "data": message.document,
    }
    if console and message.kind.startswith(("incident.", "containment.")):
        body = {**body, "link": f"{console}incidents/{quote(message.incident, safe='')}"}
    return encode_json(body)

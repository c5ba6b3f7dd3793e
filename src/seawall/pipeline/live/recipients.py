"""Who gets which messages: webhooks get all, a channel gets what its filters let through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seawall.response.channels.channel import Channel


@dataclass(frozen=True, slots=True)
class Recipients:
    """The targets of messages: the names of webhooks, and the channels.

    With `is_withheld`, no incident is announced now: the next watch, which has the targets, does it.
    """

    webhooks: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    is_withheld: bool = False

    def of(self, kind: str, document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the name of each target of a message, with the part of the document that it gets."""
        for webhook in self.webhooks:
            yield webhook, document
        for channel in self.channels:
            part = channel.narrow(kind, document)
            if part is not None:
                yield channel.target, part

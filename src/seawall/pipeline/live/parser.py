"""A child process that parses bodies: `python -m seawall.pipeline.live.parser DESCRIPTOR`. It ends with the watch."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

from seawall.events.failures import note_failure
from seawall.events.formats.limits import BODY
from seawall.events.formats.many_bodies import CombinedBatches, read_together
from seawall.events.readers import Limits
from seawall.pipeline.live.ingest_queue import batches_of, is_lines
from seawall.pipeline.live.message_socket import MessageSocket
from seawall.pipeline.live.parsing import ParsedBodies, bodies_in, pack_answer


def main(descriptor: int) -> None:
    """Parse one message after the other, until the other end closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wire = MessageSocket(socket.socket(fileno=descriptor))
    limits = BODY
    with suppress(OSError):
        while (found := wire.receive()) is not None:
            wire.send(*pack_answer(read_of(bodies_in(*found), limits)))
    wire.close()


def read_of(bodies: Sequence[tuple[bytes, str]], limits: Limits) -> list[ParsedBodies]:
    """Parse bodies, each with a source name; several bodies of JSON lines are parsed together."""
    lines = (
        [place for place, (body, _) in enumerate(bodies) if is_lines(body, limits)] if len(bodies) > 1 else []
    )
    if len(lines) < 2:
        lines = []
    found = []
    if lines:
        try:
            found = [ParsedBodies(lines, read_together([bodies[place][0] for place in lines], limits))]
        except Exception as error:  # noqa: BLE001 - then each body is parsed by itself, with its own error handling
            note_failure(error)
            lines = []
    alone = sorted({*range(len(bodies))} - {*lines})
    return found + [
        ParsedBodies([place], CombinedBatches(batches_of(bodies[place][0], bodies[place][1], limits), []))
        for place in alone
    ]


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""Poll security event tokens from transmitters that do not push (RFC 8936), in the one worker that holds the lock.

A token is acknowledged after the store recorded it. After a crash in between, it is fetched again, and the store recognises
it. The transmitter receives RFC 8935's code for each refused token. While a transmitter is unreachable, the gate continues
with the known revocations, and its status reports the fault.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from seawall.gate.signal_intake import (
    SignalWorker,
    log_received_event,
    log_refused_event,
    receive_event_token,
)
from seawall_base.errors import StoreBroken
from seawall_base.file_lock import FileLock
from seawall_base.http_client import NoResponse, post
from seawall_tokens.jose.strict_json import JsonRefused, loads
from seawall_tokens.signals.event_token import SignalRefused

if TYPE_CHECKING:
    from seawall.gate.polling_settings import PollingSettings
    from seawall_tokens.signals.effects import SignalEffects

AT_ONCE: Final = 100
TIMEOUT: Final = 15.0
LARGEST: Final = 4 << 20
LONGEST_PAUSE: Final = 300.0
LOOK: Final = 0.5
"""Seconds between checks for due polls, and for a lock that became free."""


class PollFailed(Exception):
    """A transmitter gave no usable answer. The text holds its status and nothing of its body."""


@dataclass(slots=True)
class _PollState:
    """The polling state of one transmitter: next time, failures, and pending acknowledgements and refusals."""

    polling: PollingSettings
    due: float = 0.0
    failures: int = 0
    fault: str = ""
    acknowledged: list[str] = field(default_factory=list)
    refused: dict[str, dict[str, str]] = field(default_factory=dict)


class Poller:
    """A polling thread of a worker. `faults` returns the transmitters that cannot be polled."""

    def __init__(self, worker: SignalWorker, clock: Callable[[], float] = time.monotonic) -> None:
        self._worker = worker
        self._clock = clock
        self._turns: dict[str, _PollState] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, which polls once no other worker does."""
        self._thread = threading.Thread(target=self._run, name="polling", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop without waiting for a poll in progress."""
        self._stop.set()

    def faults(self) -> dict[str, str]:
        """Return the fault by name of each transmitter that could not be polled."""
        return {turn.polling.name: turn.fault for turn in list(self._turns.values()) if turn.fault}

    def _run(self) -> None:
        with closing(FileLock(Path(f"{self._worker.loaded_policy.store}-polling"))) as lock:
            while not self._stop.wait(LOOK):
                if lock.try_hold():
                    self._poll_due()

    def _poll_due(self) -> None:
        known = {polling.name: polling for polling in self._worker.loaded_policy.polled}
        self._turns = {
            name: turn if (turn := self._turns.get(name)) and turn.polling == polling else _PollState(polling)
            for name, polling in known.items()
        }
        for turn in self._turns.values():
            while turn.due <= self._clock() and not self._stop.is_set():
                self._poll(turn)

    def _poll(self, turn: _PollState) -> None:
        try:
            has_more = self._poll_once(turn)
            turn.failures, turn.fault = 0, ""
            turn.due = self._clock() + (
                0.0 if has_more or turn.acknowledged or turn.refused else turn.polling.every
            )
        except Exception as error:  # noqa: BLE001 - one transmitter's answer must not stop the polling of others
            turn.failures += 1
            turn.fault = str(error) if isinstance(error, PollFailed) else type(error).__name__
            turn.due = self._clock() + min(turn.polling.every * 2.0**turn.failures, LONGEST_PAUSE)

    def _poll_once(self, turn: _PollState) -> bool:
        """Poll once: send acknowledgements, process new tokens; return whether there are more. Raises `PollFailed`."""
        question = {
            "maxEvents": AT_ONCE, "returnImmediately": True, "ack": turn.acknowledged, "setErrs": turn.refused,
        }  # fmt: skip
        sets, has_more = _answer(turn.polling, question)
        turn.acknowledged, turn.refused = [], {}
        for token_id, token in sets.items():
            self._take(turn, token_id, token)
        return has_more and bool(turn.acknowledged or turn.refused)

    def _take(self, turn: _PollState, token_id: str, token: object) -> None:
        peer = f"polled:{turn.polling.name}"
        try:
            received = _take(self._worker, token_id, token)
        except SignalRefused as refused:
            log_refused_event(self._worker, refused.err, refused.description, peer)
            if not refused.temporary:
                turn.refused[token_id] = {"err": refused.err, "description": refused.description}
        except StoreBroken as broken:
            log_refused_event(self._worker, "store-broken", broken.code, peer)
        else:
            log_received_event(self._worker, received, peer)
            turn.acknowledged.append(token_id)


def _take(worker: SignalWorker, token_id: str, token: object) -> SignalEffects:
    if not isinstance(token, str):
        raise SignalRefused("invalid_request", "the event token is no text")
    received = receive_event_token(worker, token)
    if received.signal.token_id != token_id:
        raise SignalRefused("invalid_request", "the event token has another jti than it is listed under")
    return received


def _answer(polling: PollingSettings, question: dict[str, Any]) -> tuple[dict[str, object], bool]:
    headers = {
        "Content-Type": "application/json", "Accept": "application/json", "Authorization": f"Bearer {polling.token}",
    }  # fmt: skip
    body = json.dumps(question, separators=(",", ":")).encode()
    try:
        answer = post(polling.url, headers, body, timeout=TIMEOUT, trust=polling.trust, wanted=LARGEST + 1)
    except NoResponse as error:
        raise PollFailed(str(error)) from None
    if answer.status != 200:
        raise PollFailed(f"the transmitter answered with status {answer.status}")
    try:
        document = loads(answer.body, max_bytes=LARGEST, max_depth=4)
    except JsonRefused as error:
        raise PollFailed(f"the answer is not JSON ({error.reason})") from None
    sets = document.get("sets") if isinstance(document, dict) else None
    if not isinstance(sets, dict) or len(sets) > 10 * AT_ONCE:
        raise PollFailed("the answer holds no event tokens")
    return sets, document.get("moreAvailable") is True

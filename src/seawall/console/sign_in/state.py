"""State of signing in between requests: rate limits, open challenges, and how failures are recorded."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from seawall.console.api_error import ApiError, too_many_requests
from seawall.console.context import MICROSECONDS
from seawall.console.request_origin import client_network
from seawall.console.sign_in.ceremonies import Ceremonies
from seawall.console.sign_in.factors import SeedCipher
from seawall.console.sign_in.passwords import Passwords
from seawall.console.sign_in.rate_limits import Backoff, RateLimiter

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext
    from seawall.console.endpoint import ApiCall

NOTE: Final = "sign-in"
UNKNOWN: Final = "unknown"


class SignInState:
    """The sign-in state of one application."""

    def __init__(self, context: ConsoleContext) -> None:
        self.passwords = Passwords()
        self.ceremonies = Ceremonies()
        self.seeds = SeedCipher(context.key)
        self.questions = RateLimiter(60, 60.0)
        self.tries = RateLimiter(40, 300.0)
        self.pairs = Backoff(5, 900.0)
        self.names = RateLimiter(100, 3600.0)
        self.codes = RateLimiter(10, 3600.0)
        self.written = RateLimiter(60, 600.0, keys=4)
        self._unwritten = 0
        self._lock = threading.Lock()

    def question(self, call: ApiCall) -> None:
        """Count a cheap request. Raises `ApiError` (429)."""
        _refuse(self.questions.take(client_network(call.client_address), call_seconds(call)))

    def attempt(self, call: ApiCall, name: str = "") -> None:
        """Count an attempt. Raises `ApiError` (429) if this address, alone or with this name, has to wait."""
        now, network = call_seconds(call), client_network(call.client_address)
        if name:
            _refuse(self.pairs.wait(_pair(network, name), now))
            _refuse(self.names.wait(name, now))
        _refuse(self.tries.take(network, now))

    def record_failure(
        self, call: ApiCall, method: str, *, name: str = "", known: str = "", why: str = "wrong"
    ) -> ApiError:
        """Record a failure and return its refusal. `known` is the name of an existing user.

        Other names are not written: they may be passwords typed into the wrong field.
        """
        now = call_seconds(call)
        if name:
            self.pairs.fail(_pair(client_network(call.client_address), name), now)
            self.names.count(name, now)
        self._write(call, method, known, why)
        return ApiError(
            401, "sign-in-failed", "the sign-in failed", fix="check name, password and code, or ask an admin"
        )

    def record_success(self, call: ApiCall, name: str) -> None:
        """Forget this address's failures with a name."""
        self.pairs.clear(_pair(client_network(call.client_address), name))

    def _write(self, call: ApiCall, method: str, known: str, why: str) -> None:
        """Write a failure to the audit trail, at a limited rate.

        The trail can only grow, and strangers must not make it grow without limit.
        """
        with self._lock:
            if self.written.take("all", call_seconds(call)):
                self._unwritten += 1
                return
            others, self._unwritten = self._unwritten, 0
        details = {"method": method, "address": call.client_address, "why": why}
        if others:
            details["not_written_before"] = str(others)
        with call.context.database.writing() as work:
            work.audit.append(
                at=call.now, actor="", action="sign-in-failed", subject=known or UNKNOWN, details=details
            )


def sign_in_state(call: ApiCall) -> SignInState:
    """Return the application's sign-in state."""
    sign_ins: SignInState = call.context.notes[NOTE]
    return sign_ins


def call_seconds(call: ApiCall) -> float:
    """Return the call's time in seconds."""
    return call.now / MICROSECONDS


def _pair(network: str, name: str) -> str:
    return f"{network}\0{name}"


def _refuse(wait: float) -> None:
    if wait:
        raise too_many_requests(wait)

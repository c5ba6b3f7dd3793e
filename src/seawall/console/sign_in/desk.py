"""What signing in keeps between requests: rates, open questions, and how failures are written down."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from seawall.console.context import MICROSECONDS
from seawall.console.refused import Refused, too_many_requests
from seawall.console.sign_in.ceremonies import Ceremonies
from seawall.console.sign_in.factors import Seeds
from seawall.console.sign_in.passwords import Passwords
from seawall.console.sign_in.rates import Backoff, Rate
from seawall.console.surroundings import network_of

if TYPE_CHECKING:
    from seawall.console.context import Context
    from seawall.console.endpoint import Call

NOTE: Final = "sign-in"
UNKNOWN: Final = "unknown"


class SignInDesk:
    """One for each application."""

    def __init__(self, context: Context, passwords: Passwords | None = None) -> None:
        self.passwords = Passwords() if passwords is None else passwords
        self.ceremonies = Ceremonies()
        self.seeds = Seeds(context.key)
        self.questions = Rate(60, 60.0)
        self.tries = Rate(40, 300.0)
        self.pairs = Backoff(5, 900.0)
        self.names = Rate(100, 3600.0)
        self.codes = Rate(10, 3600.0)
        self.written = Rate(60, 600.0, keys=4)
        self._unwritten = 0
        self._lock = threading.Lock()

    def question(self, call: Call) -> None:
        """Count a question that costs little. Raises `Refused` (429)."""
        _refuse(self.questions.take(network_of(call.address), seconds_of(call)))

    def attempt(self, call: Call, name: str = "") -> None:
        """Count an attempt. Raises `Refused` (429) where this address, or it with this name, has to wait."""
        now, network = seconds_of(call), network_of(call.address)
        if name:
            _refuse(self.pairs.wait(_pair(network, name), now))
            _refuse(self.names.wait(name, now))
        _refuse(self.tries.take(network, now))

    def failed(
        self, call: Call, method: str, *, name: str = "", known: str = "", why: str = "wrong"
    ) -> Refused:
        """Note a failure and write it down; returns the refusal. `known` is the name where there is such a user.

        A name that is nobody's is not written: it may be a password that was typed into the wrong field.
        """
        now = seconds_of(call)
        if name:
            self.pairs.fail(_pair(network_of(call.address), name), now)
            self.names.count(name, now)
        self._write(call, method, known, why)
        return Refused(
            401, "sign-in-failed", "that is not right", fix="check name, password and code; or ask an admin"
        )

    def succeeded(self, call: Call, name: str) -> None:
        """Forget this address's failures with a name."""
        self.pairs.clear(_pair(network_of(call.address), name))

    def _write(self, call: Call, method: str, known: str, why: str) -> None:
        """At most so many in a while: the trail can only grow, and strangers must not make it grow for ever."""
        with self._lock:
            if self.written.take("all", seconds_of(call)):
                self._unwritten += 1
                return
            others, self._unwritten = self._unwritten, 0
        details = {"method": method, "address": call.address, "why": why}
        if others:
            details["not_written_before"] = str(others)
        with call.context.database.writing() as work:
            work.audit.append(
                at=call.now, actor="", action="sign-in-failed", subject=known or UNKNOWN, details=details
            )


def desk_of(call: Call) -> SignInDesk:
    """The application's desk."""
    desk: SignInDesk = call.context.notes[NOTE]
    return desk


def seconds_of(call: Call) -> float:
    """The call's time in seconds."""
    return call.now / MICROSECONDS


def _pair(network: str, name: str) -> str:
    return f"{network}\0{name}"


def _refuse(wait: float) -> None:
    if wait:
        raise too_many_requests(wait)

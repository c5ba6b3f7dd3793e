"""Asks one vendor, with patience: what fails for now is asked again, and no more often than the vendor wants.

For each answer it is decided in this order:

1. 2xx: it is the answer.
2. 401: the access token is renewed once for a request, and the request repeated.
3. Throttled (429, or what the vendor's dialect says): wait as long as the answer says, else as for 4.
4. 408, 5xx, no whole answer, no JSON where there must be: wait, twice as long each time, with chance in it.
5. Anything else is final.

All waiting for one request has a limit in number and in sum; then it is given up for now, and nothing is lost by it, because
what was not answered is asked in the next pass.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, Protocol, TypeVar

from seawall.vendor_api.error_advice import advice
from seawall.vendor_api.errors import CollectRefused
from seawall.vendor_api.responses import MalformedResponse, vendor_code
from seawall_base.clock import Clock
from seawall_base.http_client import MOST_BYTES, HttpClient, HttpResponse, IncompleteResponse

Result = TypeVar("Result")
_RETRIED: Final = frozenset({408, 500, 502, 503, 504})
MOST_SKEW: Final = 600.0
"""Seconds by which this machine's clock and the vendor's may differ. New spans reach back as far (`windows.Rhythm.overlap`)."""

QUIET: Final = 10.0
"""Seconds that one request waits in sum before a person is told."""

_FINAL: Final = frozenset(
    {
        "too-large",
        "address-refused",
        "tls-failed",
        "proxy-tls-failed",
        "proxy-401",
        "proxy-403",
        "proxy-405",
        "proxy-407",
    }
)
"""What asking again at once does not better: an answer that is too large, an address that is never asked, a certificate that is
not trusted, a proxy that refuses."""


class VendorUnavailable(Exception):
    """The vendor could not answer for now. `code` says what the last attempt ended with."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class VendorRefused(Exception):
    """The vendor's answer is final: a status, the vendor's own code for it, and the headers."""

    def __init__(self, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}".strip())
        self.status, self.code = status, code
        self.headers: Mapping[str, str] = headers or {}


class VendorAccess(Protocol):
    """What proves to a vendor who asks."""

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return headers for a request. Raises Unavailable and CollectRefused."""
        ...

    def renew(self) -> None:
        """Forget what the vendor takes no more, so that the next headers are new ones."""
        ...


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long is waited, in seconds: `first` at first and twice as long each time up to `longest`; at most `asked` when the
    vendor says how long, `attempts` in number and `whole` in sum for one request."""

    attempts: int = 8
    first: float = 1.0
    longest: float = 120.0
    asked: float = 900.0
    whole: float = 1800.0

    def pause(self, attempt: int, asked: float | None, dice: float) -> float | None:
        """Return how long to wait after a failed attempt (from 0), None to give up. `dice` is between 0 and 1."""
        if attempt + 1 >= self.attempts or (asked is not None and asked > self.asked):
            return None
        if asked is not None:
            # Never earlier than the vendor says; a little later, because others wait for the same moment.
            return asked + dice * self.first
        ceiling = min(self.first * 2.0**attempt, self.longest)
        return ceiling * (0.5 + dice / 2)


def is_never_throttled(_: HttpResponse, __: str) -> bool:
    """No other answer than 429 says that the vendor is asked too often."""
    return False


class VendorClient:
    """Asks one host. Safe to use from several threads. `counts` are the faults that were met, by name.

    `is_throttled` knows how else a vendor says that it is asked too often, from the answer and its code; `pace` is the least
    time between two requests.
    """

    def __init__(
        self,
        http: HttpClient,
        access: VendorAccess | None,
        clock: Clock,
        patience: RetryPolicy | None = None,
        is_throttled: Callable[[HttpResponse, str], bool] = is_never_throttled,
        pace: float = 0.0,
    ) -> None:
        self._http, self._access, self._clock = http, access, clock
        self._patience = patience or RetryPolicy()
        self._is_throttled, self._pace = is_throttled, pace
        self._next = 0
        self._renewals = 0
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self.said: Callable[[str], None] = lambda _: None
        """Is told when a request waits for long."""

    def check(self, url: str) -> None:
        """Refuse a URL that leads elsewhere. Raises ForeignHost."""
        self._http.check(url)

    def counts(self) -> dict[str, int]:
        """Return the faults that were met since this was last asked."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return dict(counts)

    def get(self, url: str, read: Callable[[HttpResponse], Result], limit: int = MOST_BYTES) -> Result:
        """Return what `read` makes of the answer; where it raises Malformed, the answer is asked for again.

        Raises Unavailable, Refused, ForeignHost, Stopped, CollectRefused.
        """
        return self.ask("GET", url, read, limit=limit)

    def ask(
        self,
        method: str,
        url: str,
        read: Callable[[HttpResponse], Result],
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        made: Callable[[], tuple[bytes, Mapping[str, str]]] | None = None,
        limit: int = MOST_BYTES,
    ) -> Result:
        """Send a request until it is answered. Raises as `get` does.

        `made` makes body and headers anew for each attempt: a vendor may take what is signed only once.
        """
        waited, is_renewed, attempt = 0.0, False, 0
        while True:
            self._keep_pace()
            asked: float | None = None
            generation = self._renewals
            if made is not None:
                body, headers = made()
            try:
                answer = self._http.send(method, url, self._headers(method, url, headers), body, limit)
                self._heed(answer)
                if 200 <= answer.status < 300:
                    return read(answer)
                code = vendor_code(answer.body)
                if answer.status == 401 and self._access is not None and not is_renewed:
                    self._renew(self._access, generation)
                    is_renewed = True
                    continue
                fault = self._judge(answer, code)
                asked = parse_retry_after(answer, self._clock)
            except IncompleteResponse as broken:
                fault = broken.code
                if fault in _FINAL:
                    self._note(fault)
                    raise (
                        VendorRefused(200, fault) if fault == "too-large" else VendorUnavailable(fault)
                    ) from None
            except MalformedResponse:
                fault = "malformed"
            self._note(fault)
            pause = self._patience.pause(attempt, asked, self._clock.random())
            if pause is None or waited + pause > self._patience.whole:
                raise VendorUnavailable(fault)
            waited, attempt = waited + pause, attempt + 1
            if waited > QUIET >= waited - pause:
                self.said(f"waiting for {self._http.host} ({fault}): {advice(fault)}")
            self._clock.wait(pause)

    def _renew(self, access: VendorAccess, generation: int) -> None:
        """Renew the token that a request was refused with, unless another request has done so meanwhile."""
        with self._lock:
            if self._renewals == generation:
                self._renewals += 1
                self._counts["token-renewed"] += 1
                access.renew()

    def _judge(self, answer: HttpResponse, code: str) -> str:
        """The name of a fault that passes. Raises Refused for one that does not."""
        if answer.status == 429 or self._is_throttled(answer, code):
            return "throttled"
        if answer.status in _RETRIED:
            return f"status-{answer.status}"
        self._note(f"status-{answer.status}")
        raise VendorRefused(answer.status, "redirect" if 300 <= answer.status < 400 else code, answer.headers)

    def _headers(self, method: str, url: str, headers: Mapping[str, str] | None) -> dict[str, str]:
        # Before a token is made or taken, so that not even a renewal is caused by a URL that leads elsewhere.
        self._http.check(url)
        own = self._access.headers(method, url) if self._access is not None else {}
        return {**(headers or {}), **own}

    def _heed(self, answer: HttpResponse) -> None:
        """Refuse a clock that is wrong; wait for the next window where the last request of one was used up.

        With a clock that is ahead, time that has not come yet would be asked for, be empty, and count as complete.
        """
        date = _seconds_since(answer.headers.get("date", ""))
        if date is not None and abs(date - self._clock.now() / 1e6) > MOST_SKEW:
            minutes = round((self._clock.now() / 1e6 - date) / 60)
            raise CollectRefused(
                f"this machine's clock is {abs(minutes)} minutes {'ahead' if minutes > 0 else 'behind'}, by the vendor's",
                fix="set the clock (NTP); until then nothing can be called complete",
            )
        remaining, reset = (answer.headers.get(f"x-rate-limit-{name}", "") for name in ("remaining", "reset"))
        if remaining.strip() == "0" and reset.isascii() and reset.isdigit() and len(reset) < 12:
            until = min(int(reset) * 1_000_000, self._clock.now() + int(self._patience.asked * 1e6))
            with self._lock:
                self._next = max(self._next, until)

    def _keep_pace(self) -> None:
        with self._lock:
            now = self._clock.now()
            at = max(self._next, now)
            self._next = at + int(self._pace * 1e6)
        if at > now:
            self._clock.wait((at - now) / 1e6)

    def _note(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1


def parse_retry_after(answer: HttpResponse, clock: Clock) -> float | None:
    """How many seconds the vendor wants to be left alone: `Retry-After`, or Okta's time of the next window."""
    now = clock.now() / 1e6
    if (after := _seconds(answer.headers.get("retry-after"), now)) is not None:
        return after
    reset = answer.headers.get("x-rate-limit-reset", "")
    if answer.status == 429 and reset.isascii() and reset.isdigit() and len(reset) < 12:
        return max(int(reset) - now, 0.0) + 1.0
    return None


def _seconds(value: str | None, now: float) -> float | None:
    """The seconds of a `Retry-After`, which is a number or a date; None for anything else."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit() and len(value) < 9:
        return float(value)
    moment = _seconds_since(value)
    return None if moment is None else max(moment - now, 0.0)


def _seconds_since(date: str) -> float | None:
    """The seconds since 1970 of a date of HTTP; None for anything else."""
    try:
        return float(parsedate_to_datetime(date).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

"""Send requests to one vendor: repeat those that fail for now, and keep to the vendor's rate limits.

The first condition that applies to an answer decides:

1. Status 2xx: return the answer.
2. Status 401: renew the access token, once for each request, and repeat the request.
3. Throttled (429, or the vendor's own sign of it): wait as long as the answer says, else as in 4.
4. Status 408 or 5xx, an incomplete answer, or no JSON where JSON is due: wait, each time twice as long, with random jitter.
5. Anything else is final.

Number and sum of the waits for one request are limited. After that the request is given up. Nothing is lost: the next pass
asks again for everything that was not answered.
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
"""Tolerated difference between this machine's clock and the vendor's, in seconds.

New collection spans overlap older ones by as much (`windows.Rhythm.overlap`).
"""

QUIET: Final = 10.0
"""Seconds that one request waits in sum before a message tells the user."""

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
"""Faults that an immediate retry cannot cure: answer too large, address refused, certificate untrusted, proxy refuses."""


class VendorUnavailable(Exception):
    """The vendor does not answer at present. `code` names the fault of the last attempt."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class VendorRefused(Exception):
    """The vendor gave a final refusal: its status, the vendor's own code for the fault, and the headers."""

    def __init__(self, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}".strip())
        self.status, self.code = status, code
        self.headers: Mapping[str, str] = headers or {}


class VendorAccess(Protocol):
    """Supply the headers that authenticate a request at a vendor."""

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return the authentication headers of a request. Raises VendorUnavailable and CollectRefused."""
        ...

    def renew(self) -> None:
        """Discard a credential that the vendor refused, so that the next headers have a new one."""
        ...


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limit retries. Times are in seconds.

    The first wait is `first`, each further one twice as long, up to `longest`. A wait that the vendor names is at most
    `longest_named`. One request has at most `attempts` attempts, and waits at most `longest_total` seconds in sum.
    """

    attempts: int = 8
    first: float = 1.0
    longest: float = 120.0
    longest_named: float = 900.0
    longest_total: float = 1800.0

    def compute_wait(self, attempt: int, named: float | None, jitter: float) -> float | None:
        """Return how long to wait after a failed attempt (counted from 0), or None to give up.

        `named` is the wait that the vendor named, in seconds. `jitter` is a random number from 0 to 1.
        """
        if attempt + 1 >= self.attempts or (named is not None and named > self.longest_named):
            return None
        if named is not None:
            # Never earlier than the vendor says; with jitter, because other clients wait for the same moment.
            return named + jitter * self.first
        ceiling = min(self.first * 2.0**attempt, self.longest)
        return ceiling * (0.5 + jitter / 2)


def is_never_throttled(_: HttpResponse, __: str) -> bool:
    """Return False, for a vendor that signals throttling by status 429 alone."""
    return False


class VendorClient:
    """Send requests to one host. Safe for use from several threads.

    `is_throttled` recognises, from an answer and its code, throttling without status 429. `pace` is the least time between
    two requests, in seconds. The callback `report_wait` receives a message when a request waits for long.
    """

    def __init__(
        self,
        http: HttpClient,
        access: VendorAccess | None,
        clock: Clock,
        retries: RetryPolicy | None = None,
        is_throttled: Callable[[HttpResponse, str], bool] = is_never_throttled,
        pace: float = 0.0,
    ) -> None:
        self._http, self._access, self._clock = http, access, clock
        self._retries = retries or RetryPolicy()
        self._is_throttled, self._pace = is_throttled, pace
        self._next = 0
        self._renewals = 0
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self.report_wait: Callable[[str], None] = lambda _: None
        """Called with a message when a request waits for long."""

    def check(self, url: str) -> None:
        """Raise ForeignHost for a URL with another host than the configured one."""
        self._http.check(url)

    def counts(self) -> dict[str, int]:
        """Return the faults since the last call, counted by name."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return dict(counts)

    def get(self, url: str, read: Callable[[HttpResponse], Result], limit: int = MOST_BYTES) -> Result:
        """Send a GET request, and return the result of `read`. Retries if `read` raises MalformedResponse.

        Raises VendorUnavailable, VendorRefused, ForeignHost, Stopped, CollectRefused.
        """
        return self.send("GET", url, read, limit=limit)

    def send(
        self,
        method: str,
        url: str,
        read: Callable[[HttpResponse], Result],
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        make_request: Callable[[], tuple[bytes, Mapping[str, str]]] | None = None,
        limit: int = MOST_BYTES,
    ) -> Result:
        """Send a request, with retries, and return the result of `read`. Raises as `get` does.

        `make_request` builds a new body and headers for each attempt: a vendor may accept a signed request only once.
        """
        waited, is_renewed, attempt = 0.0, False, 0
        while True:
            self._keep_pace()
            named: float | None = None
            generation = self._renewals
            if make_request is not None:
                body, headers = make_request()
            try:
                answer = self._http.send(method, url, self._headers(method, url, headers), body, limit)
                self._check_clock_and_rate_limit(answer)
                if 200 <= answer.status < 300:
                    return read(answer)
                code = vendor_code(answer.body)
                if answer.status == 401 and self._access is not None and not is_renewed:
                    self._renew(self._access, generation)
                    is_renewed = True
                    continue
                fault = self._judge(answer, code)
                named = parse_retry_after(answer, self._clock)
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
            pause = self._retries.compute_wait(attempt, named, self._clock.random())
            if pause is None or waited + pause > self._retries.longest_total:
                raise VendorUnavailable(fault)
            waited, attempt = waited + pause, attempt + 1
            if waited > QUIET >= waited - pause:
                self.report_wait(f"waiting for {self._http.host} ({fault}): {advice(fault)}")
            self._clock.wait(pause)

    def _renew(self, access: VendorAccess, generation: int) -> None:
        """Renew the refused token, unless another request has renewed it since."""
        with self._lock:
            if self._renewals == generation:
                self._renewals += 1
                self._counts["token-renewed"] += 1
                access.renew()

    def _judge(self, answer: HttpResponse, code: str) -> str:
        """Return the name of a fault that a retry may cure. Raises VendorRefused for any other."""
        if answer.status == 429 or self._is_throttled(answer, code):
            return "throttled"
        if answer.status in _RETRIED:
            return f"status-{answer.status}"
        self._note(f"status-{answer.status}")
        raise VendorRefused(answer.status, "redirect" if 300 <= answer.status < 400 else code, answer.headers)

    def _headers(self, method: str, url: str, headers: Mapping[str, str] | None) -> dict[str, str]:
        # Check the host first: a foreign URL must neither get a token nor cause its renewal.
        self._http.check(url)
        own = self._access.headers(method, url) if self._access is not None else {}
        return {**(headers or {}), **own}

    def _check_clock_and_rate_limit(self, answer: HttpResponse) -> None:
        """Raise CollectRefused if this machine's clock is wrong; delay the next request if the rate limit is used up.

        With a clock that is ahead, a span in the future would be collected as empty and counted as complete.
        """
        date = _parse_http_date(answer.headers.get("date", ""))
        if date is not None and abs(date - self._clock.now() / 1e6) > MOST_SKEW:
            minutes = round((self._clock.now() / 1e6 - date) / 60)
            raise CollectRefused(
                f"this machine's clock is {abs(minutes)} minutes {'ahead' if minutes > 0 else 'behind'}, by the vendor's",
                fix="set the clock (NTP); until then no collected span is proved complete",
            )
        remaining, reset = (answer.headers.get(f"x-rate-limit-{name}", "") for name in ("remaining", "reset"))
        if remaining.strip() == "0" and reset.isascii() and reset.isdigit() and len(reset) < 12:
            until = min(int(reset) * 1_000_000, self._clock.now() + int(self._retries.longest_named * 1e6))
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
    """Return the seconds to wait that the vendor names: `Retry-After`, or Okta's start of the next rate-limit window."""
    now = clock.now() / 1e6
    if (after := _parse_retry_after_value(answer.headers.get("retry-after"), now)) is not None:
        return after
    reset = answer.headers.get("x-rate-limit-reset", "")
    if answer.status == 429 and reset.isascii() and reset.isdigit() and len(reset) < 12:
        return max(int(reset) - now, 0.0) + 1.0
    return None


def _parse_retry_after_value(value: str | None, now: float) -> float | None:
    """Parse a `Retry-After` header, a number or a date, into seconds from `now`; None for anything else."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit() and len(value) < 9:
        return float(value)
    moment = _parse_http_date(value)
    return None if moment is None else max(moment - now, 0.0)


def _parse_http_date(date: str) -> float | None:
    """Return an HTTP date in seconds since 1970; None for anything else."""
    try:
        return float(parsedate_to_datetime(date).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

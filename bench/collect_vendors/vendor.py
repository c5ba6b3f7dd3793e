"""The interface of an imitated vendor, and its failures."""

from __future__ import annotations

import hashlib
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from tests.collection.serving import CUT_BEFORE, Reply, Request, fault

BEGIN = 1_764_158_400_000_000
"""Time of the first pass, in microseconds since 1970."""


def page_of(records: int, most: int = 1000) -> int:
    """Return the number of entries of a page, smaller if there are few records, so that there are several pages."""
    return min(most, max(most // 40, records // 200))


class Made(Protocol):
    """An API whose records are derived from their numbers on request. `token` is the access token it accepts."""

    base: str
    token: str

    def answer(self, request: Request) -> Reply:
        """Return the answer to a request."""
        ...

    def line(self, number: int) -> bytes:
        """Return a record as the files must contain it."""
        ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor. `make` creates its API from a clock, a number of records, and the folder in which `settings` put its keys.

    `number` returns a line's number; `plain` removes the varying parts of a line. `is_login` recognises requests for a
    token, `has_cursor` those that continue an answer. `throttles` are the forms of throttling. `standing` is the number of
    queries that never end, `moments` are the times of passes after BEGIN.
    """

    name: str
    tenant: str
    make: Callable[[Callable[[], int], int, Path], Any]
    settings: Callable[[Path], Mapping[str, Any]]
    number: Callable[[bytes], int]
    throttles: Mapping[str, Callable[[int], Reply]]
    is_login: Callable[[Request], bool]
    has_cursor: Callable[[Request], bool]
    moments: tuple[int, ...]
    forgets: float = 1 / 300
    standing: int = 0
    threads: int = 1
    plain: Callable[[bytes], bytes] = bytes


@dataclass
class Failing:
    """A vendor's API that fails for a share of requests, and counts what it sent and how it failed."""

    vendor: Vendor
    api: Any
    share: float
    now: Callable[[], int]
    met: Counter[str] = field(default_factory=Counter)
    whole: Counter[bytes] = field(default_factory=Counter)
    _chance: random.Random = field(default_factory=lambda: random.Random(11))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _asked: int = 0

    def answer(self, request: Request) -> Reply:
        """Return the answer, or a failure."""
        with self._lock:
            self._asked += 1
            if self._asked % TOKEN_REQUESTS == 0:
                self.api.token = f"token-{self._asked}"
            kind = self._kind(request)
        reply = self._fail(kind, request)
        if reply is None:
            reply, kind = self.api.answer(request), ""
        with self._lock:
            if kind:
                self.met["cut" if reply.status == 0 else kind] += 1
            elif reply.status != 200:
                self.met[f"answer-{reply.status}"] += 1
            elif not self.vendor.is_login(request) and reply.body != b"[]":
                self.whole[hashlib.sha256(reply.body).digest()] += 1
        return reply

    def _kind(self, request: Request) -> str:
        """Return the kind of failure of this request, empty if it succeeds."""
        is_login = self.vendor.is_login(request)
        if not is_login and self.vendor.has_cursor(request) and self._chance.random() < self.vendor.forgets:
            return "forgotten"
        if self._chance.random() >= self.share:
            return ""
        throttles = ("429",) if is_login else tuple(self.vendor.throttles)
        return self._chance.choice((self._chance.choice(throttles), "500", "503", "cut", "half", "short"))

    def _fail(self, kind: str, request: Request) -> Reply | None:
        if kind in self.vendor.throttles and not self.vendor.is_login(request):
            return self.vendor.throttles[kind](self.now())
        if kind in {"half", "short"}:
            return self._break(kind, self.api.answer(request))
        return {
            "": None,
            "429": fault(429, Retry_After="2"),
            "500": fault(500),
            "503": fault(503),
            "forgotten": fault(400, "expired"),
            "cut": CUT_BEFORE,
        }[kind]

    def _break(self, kind: str, reply: Reply) -> Reply:
        """Return an answer that breaks off, or one that is truncated but claims to be complete."""
        if reply.status != 200:
            return CUT_BEFORE
        middle = max(len(reply.body) // 2, 1)
        if kind == "half":
            return replace(reply, body=reply.body + b" ", cut=middle)
        return replace(reply, body=b'[{"half' if len(reply.body) < 10 else reply.body[:middle])


TOKEN_REQUESTS = 700
"""Requests after which the access token expires."""

AGREE: Mapping[str, tuple[str, ...]] = {
    "status-500": ("500",),
    "status-503": ("503",),
    "status-400": ("forgotten", "answer-400"),
    "connection-broke": ("cut", "half"),
    "malformed": ("short",),
}
"""The vendor's names of faults by the ledger's."""


def faults_by_name(
    vendor: Vendor, counts: Mapping[str, int], met: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Return (count in the ledger, count at the vendor) of each kind of fault."""
    names = {**AGREE, "throttled": (*vendor.throttles, *(() if "429" in vendor.throttles else ("429",)))}
    return {
        name: (counts.get(name, 0), sum(met.get(one, 0) for one in theirs)) for name, theirs in names.items()
    }

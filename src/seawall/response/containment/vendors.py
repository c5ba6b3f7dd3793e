"""Send a plan's calls to the configured vendor hosts, and retry only if nothing was done.

Answers are handled in this order:

1. 2xx is the answer. For a change, an undocumented 2xx status leaves the outcome unknown (`CallResultUnknown`).
2. 401: the vendor did nothing. Renew the access token once per call and repeat.
3. 429, or the vendor's equivalent: the vendor did nothing. Wait as long as it says and repeat.
4. 408, 5xx or no complete answer: repeat a read. For a change the outcome is unknown (`CallResultUnknown`).
5. Anything else is final: nothing was changed (`CallRefused`).

The text of a vendor's answer is not kept, because it may quote what was sent; its error code is enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import msgspec

from seawall.response.containment.checks import list_items
from seawall.response.containment.refusals import find_advice
from seawall.response.containment.values import StateRead, Vendor, VendorCall
from seawall.response.containment.vendor_calls import CallRefused, CallResultUnknown, VendorReply
from seawall.response.errors import PlanInvalid
from seawall.vendor_api.client import RetryPolicy, VendorAccess, VendorUnavailable, parse_retry_after
from seawall.vendor_api.errors import CollectRefused
from seawall.vendor_api.responses import MalformedResponse, decode_body, vendor_code
from seawall_base.clock import Clock
from seawall_base.http_client import ForeignHost, HttpClient, HttpResponse, IncompleteResponse

MOST_BYTES: Final = 16 * 1024 * 1024
MOST_PAGES: Final = 200
SETTLING: Final = 3.0
"""Seconds to wait before checking an unconfirmed change: vendors show changes after a short delay."""

_LINK: Final = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?(?=\s*(?:[,;]|$))')
"""A `next` link of a Link header. URLs may contain commas, so links cannot be split at commas."""

_UNKNOWN: Final = frozenset({408, 500, 502, 503, 504})
_THROTTLED_CODES: Final = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RESOURCE_EXHAUSTED", "E0000047"}
)
"""Throttling codes that come with a status other than 429 (Google: 403)."""


@dataclass(frozen=True, slots=True)
class VendorHost:
    """One service of a vendor: base URL, protocol details and credentials."""

    base: str
    http: HttpClient
    access: VendorAccess


Hosts = Callable[[Vendor, str, str, str], VendorHost]
"""Return the host for (vendor, service, subject, scope). Raises PlanInvalid if the operator configured none.

The scope is empty for vendors whose tokens carry all granted permissions (Microsoft, the gate).
"""

BY_SCOPE: Final = frozenset({"google", "okta"})
"""Vendors whose tokens are requested per scope.

Both refuse the whole token if one requested scope was not granted. Each call therefore asks for its own scope only,
and a permission that the plan does not need is never missed.
"""


@dataclass(slots=True)
class Vendors:
    """Call all vendors of a plan. Hosts are created at first use."""

    hosts: Hosts
    clock: Clock
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    _known: dict[tuple[Vendor, str, str, str], VendorHost] = field(default_factory=dict)

    def ask(self, vendor: Vendor, call: VendorCall) -> VendorReply:
        """Send a call and return the expected answer.

        Raises CallRefused, CallResultUnknown, and what obtaining access raises.
        """
        host = self._host(vendor, call)
        answer = self._ask(host, vendor, call, host.base + call.path)
        if call.method != "GET" and answer.status not in call.expect:
            self._settle()
            raise CallResultUnknown(f"status-{answer.status}")
        return VendorReply(answer.status, _parse_document(answer))

    def pages(self, vendor: Vendor, call: VendorCall, items: str) -> list[Any]:
        """Return all items of a list, page by page. Raises as `ask` does, and refuses a list without end."""
        host = self._host(vendor, call)
        read = StateRead("", call, (), items)
        url, found = host.base + call.path, list[Any]()
        for _ in range(MOST_PAGES):
            answer = self._ask(host, vendor, call, url)
            document = _parse_document(answer)
            page = list_items(read, document)
            found += page
            following = _find_next_page(url, answer, document, page)
            if following is None:
                return found
            url = following
        raise CallRefused(200, "too-many-pages")

    def _host(self, vendor: Vendor, call: VendorCall) -> VendorHost:
        key = (vendor, call.service, call.subject, call.permission if vendor in BY_SCOPE else "")
        if key not in self._known:
            self._known[key] = self.hosts(*key)
        return self._known[key]

    def _ask(self, host: VendorHost, vendor: Vendor, call: VendorCall, url: str) -> HttpResponse:
        is_read = call.method == "GET"
        body = None if call.body is None else msgspec.json.encode(call.body)
        waited, is_renewed, attempt = 0.0, False, 0
        while True:
            answer, fault = self._send(host, vendor, call, url, body)
            pause: float | None = None
            if answer is not None:
                if 200 <= answer.status < 300:
                    return answer
                code = vendor_code(answer.body)
                if answer.status == 401 and not is_renewed:
                    host.access.renew()
                    is_renewed = True
                    continue
                is_throttled = answer.status == 429 or code in _THROTTLED_CODES
                if not is_throttled and answer.status not in _UNKNOWN:
                    raise CallRefused(answer.status, code, find_advice(vendor, call, answer.status, code))
                fault = code or f"status-{answer.status}"
                pause = parse_retry_after(answer, self.clock)
                if not is_throttled and not is_read:
                    self._settle()
                    raise CallResultUnknown(fault)
            elif not is_read:
                self._settle()
                raise CallResultUnknown(fault)
            pause = self.retries.compute_wait(attempt, pause, self.clock.random())
            if pause is None or waited + pause > self.retries.longest_total:
                status = answer.status if answer is not None else 0
                raise CallRefused(status, fault, find_advice(vendor, call, status, fault))
            waited, attempt = waited + pause, attempt + 1
            self.clock.wait(pause)

    def _send(
        self, host: VendorHost, vendor: Vendor, call: VendorCall, url: str, body: bytes | None
    ) -> tuple[HttpResponse | None, str]:
        """Return the answer, or None and the reason that there is none.

        Raises CallRefused if no token was available: nothing was sent.
        """
        try:
            host.http.check(url)
            headers = dict(host.access.headers(call.method, url))
        except ForeignHost:
            raise PlanInvalid("a call leads to another host than the configured one") from None
        except VendorUnavailable as unavailable:
            raise CallRefused(0, f"no access token: {unavailable.code}") from None
        except CollectRefused as refused:
            raise CallRefused(0, refused.message, find_advice(vendor, call, 0, "")) from None
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            return host.http.send(call.method, url, headers, body, MOST_BYTES), ""
        except IncompleteResponse as broken:
            return None, broken.code

    def _settle(self) -> None:
        self.clock.wait(SETTLING)


def _parse_document(answer: HttpResponse) -> Any:
    """Return an answer's JSON, None if it has no body. Raises CallResultUnknown if it is not JSON."""
    if not answer.body.strip():
        return None
    try:
        return decode_body(answer.body, Any)
    except MalformedResponse:
        raise CallResultUnknown("malformed") from None


def _find_next_page(url: str, answer: HttpResponse, document: Any, page: Any) -> str | None:
    """Return the URL of the next page: a link (Graph, Okta), a token (Google), or the last number plus one (gate).

    A link to another host is refused when it is requested.
    """
    if isinstance(document, Mapping):
        link = document.get("@odata.nextLink")
        if isinstance(link, str):
            return link
        token = document.get("nextPageToken")
        if isinstance(token, str) and token:
            return _set_parameter(url, "pageToken", token)
        if document.get("more") is True and page and isinstance(page[-1], Mapping):
            return _set_parameter(url, "after", str(page[-1].get("id", "")))
        return None
    link = _LINK.search(answer.headers.get("link", ""))
    return link[1] if link else None


def _set_parameter(url: str, name: str, value: str) -> str:
    """Return the URL with this parameter set, replacing an existing one."""
    path, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith(f"{name}=")]
    kept.append(f"{name}={quote(value, safe='')}")
    return f"{path}?{'&'.join(kept)}"

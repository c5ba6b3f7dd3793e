"""`/healthz`, `/readyz`, `/livez` and `/metrics` of the console, for monitoring.

They are answered before anything else, without sign-in. The health answer is one word for everybody. The `Host`
header is not checked, because probes address the machine by IP address. Only listed peers get metrics and the reasons
of the health answer (`ConsoleSettings.metrics_allow`).
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from seawall.console.api_error import ApiError, not_found
from seawall.console.endpoint import SAFE
from seawall.console.error_responses import api_error_response
from seawall.console.health_check import HealthCheck
from seawall.console.metrics import ConsoleMeasurements, metrics_text
from seawall.console.request_origin import FORWARDING, LOCAL_NAMES, OLD_VERSION, parse_host
from seawall.web.probe import CONTENT_TYPE, build_health

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext
    from seawall.console.endpoint_runner import EndpointRunner

HEALTH: Final = frozenset({"/healthz", "/readyz"})
LIVE: Final = frozenset({"/healthz/live", "/livez"})
METRICS: Final = "/metrics"
_OWN_PAGES: Final = frozenset({"same-origin", "none"})


class Probes:
    """Answer probes, and count the console's answers."""

    def __init__(self, context: ConsoleContext, runner: EndpointRunner) -> None:
        self._context = context
        self._runner = runner
        self._health = HealthCheck(context)
        self._answered: Counter[str] = Counter()

    def close(self) -> None:
        """Start no more database checks."""
        self._health.close()

    def count(self, status: int) -> None:
        """Count one answer of the console. Call it in the event loop."""
        self._answered[f"{status // 100}xx"] += 1

    async def answer(self, scope: MutableMapping[str, Any]) -> Response | None:
        """Return the answer to a probe; None for every other request."""
        if scope["method"] not in SAFE:
            return None
        if scope["path"] in LIVE:
            return JSONResponse({"status": "alive"})
        if scope["path"] in HEALTH:
            return await self._answer_health(scope)
        if scope["path"] == METRICS:
            return await self._answer_metrics(scope)
        return None

    async def _answer_health(self, scope: MutableMapping[str, Any]) -> Response:
        faults = await self._health.faults()
        document, status = build_health(faults, is_detailed=self._is_listed(scope))
        return JSONResponse(document, status)

    async def _answer_metrics(self, scope: MutableMapping[str, Any]) -> Response:
        if not self._is_listed(scope):
            return api_error_response(not_found("such address"))
        faults = await self._health.faults()
        measured = ConsoleMeasurements(
            is_ready=not any(fault.stops for fault in faults),
            status=self._health.status(),
            answered=dict(self._answered),
            leases=self._health.leases,
            loads={"ordinary": self._runner.ordinary.load(), "heavy": self._runner.heavy.load()},
        )
        return Response(await run_in_threadpool(metrics_text, measured), media_type=CONTENT_TYPE)

    def _is_listed(self, scope: MutableMapping[str, Any]) -> bool:
        """Return whether a listed peer asks for itself: not a proxy for others, and not a page of another site.

        A `Host` that is an IP address cannot be DNS rebinding, so it is allowed; any other name must be the
        console's.
        """
        settings, headers = self._context.settings, Headers(scope=scope)
        peer = (scope.get("client") or ("?",))[0]
        if peer not in settings.metrics_allow or scope.get("http_version") == OLD_VERSION:
            return False
        if any(name in headers for name in FORWARDING):
            return False
        if headers.get("sec-fetch-site", "none") not in _OWN_PAGES:
            return False
        try:
            host, _ = parse_host(headers, "https" if settings.is_https else "http")
        except ApiError:
            return False
        is_own = host in settings.hosts and settings.proxies is None
        return is_own or host in LOCAL_NAMES or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

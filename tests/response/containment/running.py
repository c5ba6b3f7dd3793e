"""Runs plans against servers on this machine, with a clock whose waiting costs nothing and tokens that can end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from seawall.response.containment.history import Phase
from seawall.response.containment.journal import Journal, open_journal
from seawall.response.containment.plan_run import PlanRun
from seawall.response.containment.values import ContainmentPlan, StepResult
from seawall.response.containment.values import Vendor as VendorName
from seawall.response.containment.vendors import VendorHost, Vendors
from seawall.response.errors import PlanInvalid
from seawall.vendor_api.client import RetryPolicy
from seawall_base.clock import Clock
from seawall_base.http_client import HttpClient

from .serving import Vendor


class QuickClock(Clock):
    """Waits nothing, and remembers for how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)

    def now(self) -> int:
        return 1_790_000_000_000_000

    def random(self) -> float:
        return 0.0


class Tokens:
    """A token that is taken until the server wants another; `renewals` counts."""

    def __init__(self, renewed: str = "token-2") -> None:
        self.token, self._renewed = "token-1", renewed
        self.renewals = 0

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self) -> None:
        self.token = self._renewed
        self.renewals += 1


def asking(
    servers: Mapping[VendorName, Vendor], clock: Clock | None = None, tokens: Tokens | None = None
) -> Vendors:
    """Asks these servers."""
    access = tokens or Tokens()

    def hosts(vendor: VendorName, service: str, subject: str, scope: str) -> VendorHost:
        if vendor not in servers:
            raise PlanInvalid(f"no access to {vendor} is configured")
        base = servers[vendor].base
        return VendorHost(base, HttpClient(base), access)

    return Vendors(hosts, clock or QuickClock(), RetryPolicy(attempts=4, longest_total=600.0))


def moments() -> Callable[[], str]:
    """A clock for journals: the same in every run."""
    count = iter(range(1, 1_000_000))
    return lambda: f"2026-11-26T00:00:00.{next(count):06}Z"


@contextmanager
def journal_of(path: Path, plan: ContainmentPlan) -> Iterator[Journal]:
    """The journal of a plan, begun if it is new."""
    from seawall.response.containment.documents import plan_to_document

    with open_journal(path, clock=moments()) as journal:
        if not any(entry["event"] == "opened" for entry in journal.entries):
            journal.append("opened", plan=plan_to_document(plan))
        yield journal


def run(
    plan: ContainmentPlan,
    path: Path,
    vendors: Vendors,
    phase: Phase = "apply",
    chosen: frozenset[str] | None = None,
    again: frozenset[str] = frozenset(),
) -> dict[str, StepResult]:
    """One run; the results by step."""
    everything = frozenset(action.id for action in plan.actions)
    with journal_of(path, plan) as journal:
        one = PlanRun(
            plan, journal, vendors, "Ann Approver", phase, everything if chosen is None else chosen, again
        )
        return {result.step: result for result in one.carry_out()}

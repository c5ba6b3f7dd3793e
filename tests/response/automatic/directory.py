"""A directory of Entra in memory, incidents about its accounts, and a clock that does as it is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from seawall.detection.incident import Incident
from seawall.response.automatic.account_kinds import GLOBAL_ADMINISTRATOR
from seawall.response.automatic.containing import AutomaticContainment
from seawall.response.automatic.judging import AutomaticCandidate
from seawall.response.automatic.record import DAY, open_automatic_journal
from seawall.response.automatic.settings import AutomaticSettings, KindThresholds
from seawall.response.automatic.telling import AutomaticNews
from seawall.response.containment.planning import make_plan
from seawall.response.containment.settings import ContainmentSettings, MicrosoftSettings
from seawall.response.containment.values import ContainmentPlan, Vendor, VendorCall
from seawall.response.containment.vendor_calls import CallRefused, CallResultUnknown, VendorReply
from seawall_base.clock import Clock
from tests.response.containment.samples import TENANT, TIME, evidence
from tests.response.containment.samples import incident as make_incident

NOW = TIME + DAY // 2
PEOPLE = KindThresholds(chance=0.9, severity="high")
TABLE = AutomaticSettings(mode="act", organisations=(TENANT,), an_hour=2, a_day=4, people=PEOPLE)
OWN_CLIENT = "cccccccc-0000-4000-8000-000000000001"


class MovableClock(Clock):
    """A clock whose two hands are moved by hand; `wait` moves both."""

    def __init__(self, wall: int = NOW) -> None:
        super().__init__()
        self.wall, self.steady = wall, 1000.0

    def now(self) -> int:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        self.wall += round(seconds * 1_000_000)
        self.steady += seconds


class Directory:
    """Accounts by name: id, whether enabled, and roles. `fault` is raised by the next call that is no read, or by all reads."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.blocked: list[str] = []
        self.calls: list[tuple[str, str]] = []
        self.read_fault: Exception | None = None
        self.change_fault: BaseException | None = None
        self.without: frozenset[str] = frozenset()
        """Keys that the answers lack."""

    def add(self, name: str, *, role: str = "", eligible: bool = False, group_role: bool = False) -> None:
        number = len(self.users) + 1
        self.users[name] = {
            "id": f"aaaaaaaa-0000-4000-8000-{number:012}", "userPrincipalName": name, "accountEnabled": True,
            "role": role, "eligible": eligible, "group_role": group_role,
        }  # fmt: skip

    def ask(self, vendor: Vendor, call: VendorCall) -> VendorReply:
        assert vendor == "microsoft"
        self.calls.append((call.method, call.path))
        if call.method == "GET" and self.read_fault is not None:
            raise self.read_fault
        document = self._answer(call)
        if isinstance(document, dict):
            document = {key: value for key, value in document.items() if key not in self.without}
        return VendorReply(200, document)

    def pages(self, vendor: Vendor, call: VendorCall, items: str) -> list[Any]:
        return list(self.ask(vendor, call).document[items])

    def _answer(self, call: VendorCall) -> Any:
        path = unquote(call.path)
        if match := re.fullmatch(r"/users/([^/?]+)(/transitiveMemberOf)?(\?.*)?", path):
            user = self._find(match[1])
            if call.method == "PATCH":
                return self._block(user, call.body or {})
            if match[2]:
                roles = [{"@odata.type": "#microsoft.graph.directoryRole", "id": "r"}] * user["group_role"]
                return {"value": [{"@odata.type": "#microsoft.graph.group", "id": "g"}, *roles]}
            return {key: user[key] for key in ("id", "userPrincipalName", "accountEnabled")}
        if match := re.fullmatch(r"/roleManagement/directory/(\w+)\?\$filter=(\w+) eq '(.*)'", path):
            return {"value": [*self._assigned(match[1], match[2], match[3])]}
        raise CallRefused(404, "Request_ResourceNotFound")

    def _assigned(self, kind: str, field: str, value: str) -> Any:
        for user in self.users.values():
            one = {"principalId": user["id"], "roleDefinitionId": user["role"], "directoryScopeId": "/"}
            holds = user["eligible"] if kind == "roleEligibilitySchedules" else bool(user["role"])
            if holds and one[field] == value:
                yield one

    def _find(self, name: str) -> dict[str, Any]:
        for user in self.users.values():
            if name in {user["userPrincipalName"], user["id"]}:
                return user
        raise CallRefused(404, "Request_ResourceNotFound")

    def _block(self, user: dict[str, Any], body: dict[str, Any]) -> None:
        fault, self.change_fault = self.change_fault, None
        if isinstance(fault, CallRefused):
            raise fault
        user["accountEnabled"] = body["accountEnabled"]
        if body["accountEnabled"] is False:
            self.blocked.append(user["userPrincipalName"])
        if fault is not None:
            raise fault


def incident(account: str, at: int = NOW, **changes: Any) -> Incident:
    """A raised incident of an account that reaches the thresholds for people, a minute old."""
    usual: dict[str, Any] = {
        "id": f"incident-{account}-{at}", "severity": "critical", "chance": 0.97,
        "first_event": at - 3_600_000_000, "last_event": at - 60_000_000,
    }  # fmt: skip
    return make_incident("record-1", account=account, **{**usual, **changes})


def candidate(account: str, at: int = NOW, **changes: Any) -> AutomaticCandidate:
    return AutomaticCandidate(incident(account, at, **changes))


def plan_of(one: Incident) -> ContainmentPlan:
    """The plan of an incident whose account acts at Microsoft."""
    systems = {(one.tenant, one.account): frozenset({"microsoft"})}
    return make_plan(evidence(systems=systems, object_ids={}), incident=one, created_from="test")


class Organisation:
    """A store, its directory and its clock; `start` makes the service as it is after a start."""

    def __init__(self, store: Path, table: AutomaticSettings = TABLE) -> None:
        self.store, self.table = store, table
        self.directory, self.clock = Directory(), MovableClock()
        self.news: list[AutomaticNews] = []
        self.prove: Callable[[], None] = lambda: None
        self.service = self.start()

    def start(self) -> AutomaticContainment:
        settings = ContainmentSettings(
            microsoft=MicrosoftSettings(tenant=TENANT, client_id=OWN_CLIENT), automatic=self.table
        )
        self.service = AutomaticContainment(
            settings, self.store, self.clock, self.directory, plan_of, self.news.append, lambda: self.prove()
        )
        return self.service

    def allow(self) -> None:
        """A week of simulation is over, and a person confirmed: the clock ends where it began."""
        end = self.clock.wall
        for day in range(8, 0, -1):
            self.clock.wall = end - day * DAY
            self.service.work(())
        self.clock.wall = end
        self.confirm()

    def confirm(self) -> None:
        with open_automatic_journal(self.store, self.clock.now) as journal:
            journal.append("confirmed", settings=self.table.digest, by="Ann Example")

    def kinds(self) -> list[str]:
        return [one.kind for one in self.news]


def with_table(**changes: Any) -> AutomaticSettings:
    return replace(TABLE, **changes)


__all__ = ["GLOBAL_ADMINISTRATOR", "CallResultUnknown", "Organisation", "candidate", "incident", "with_table"]

"""Killed at every line of the journal, before, within and after it: every change is made once, and the end is the same."""

from __future__ import annotations

import copy
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seawall.response.containment import journal as journals
from seawall.response.containment.history import Phase
from seawall.response.containment.planning import make_plan
from seawall.response.containment.values import VENDORS, ContainmentPlan
from seawall.response.containment.values import Vendor as VendorName
from seawall_base import append_only_file

from .google_api import Google
from .graph import Graph
from .okta_api import Okta
from .running import asking, run
from .samples import ANN, ANN_ID, TENANT, evidence, incident, row
from .serving import Vendor, served
from .test_carrying_out import EVIL_RULE, HER_GRANT
from .test_planning import APP, CONSENT, KEY, OLD_KEY, RULE, SECRET

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process:DeprecationWarning"
)  # of fork beside the servers' threads

MODES = ("before", "within", "after")


def graph() -> Graph:
    vendor = Graph()
    vendor.add_user(ANN, id=ANN_ID)
    vendor.rules[ANN] = [copy.deepcopy(EVIL_RULE), {**copy.deepcopy(EVIL_RULE), "id": "rule-3"}]
    vendor.grants = [dict(HER_GRANT)]
    vendor.applications[APP] = [{"keyId": OLD_KEY}, {"keyId": KEY}]
    return vendor


def google() -> Google:
    vendor = Google()
    vendor.add_user(
        ANN,
        tokens=[{"clientId": "evil"}],
        filters=[{"id": "f1", "criteria": {"query": "x"}, "action": {"forward": "x@evil.example"}}],
        asps=[{"codeId": 1}, {"codeId": 2}],
    )
    return vendor


def okta() -> Okta:
    vendor = Okta()
    vendor.add_user(ANN, roles=[{"id": "r1", "type": "SUPER_ADMIN", "label": "Super Administrator"}])
    vendor.providers["0oa1"] = {"id": "0oa1", "status": "ACTIVE"}
    return vendor


def planned(vendor: VendorName) -> ContainmentPlan:
    rows = {
        "microsoft": [RULE, {**CONSENT, "metadata_uid": "record-2"}, {**SECRET, "metadata_uid": "record-3"}],
        "google": [
            row("authorize", 1, source="google_workspace", parameters={"client_id": "evil"}),
            row("gmail.users.settings.filters.create", 2, source="google_workspace", parameters={"id": "f1"}),
        ],
        "okta": [
            row("system.idp.lifecycle.create", 1, source="okta", resource_uid="0oa1"),
            row("user.account.privilege.grant", 2, source="okta", resource_uid=ANN,
                parameters={"privilegeGranted": "Super Administrator"}),
        ],
    }[vendor]  # fmt: skip
    ids = tuple(one["metadata_uid"] for one in rows)
    return make_plan(
        evidence(*rows, intruders=ids, systems={(TENANT, ANN): frozenset({vendor})}), incident=incident(*ids)
    )


MAKERS: dict[VendorName, Callable[[], Vendor]] = {"microsoft": graph, "google": google, "okta": okta}


class Dying(journals.Journal):
    """A journal whose process dies at one of its lines."""

    line, mode = 0, "before"

    def append(self, event: str, **content: Any) -> journals.Entry:
        if len(self.entries) + 1 != self.line:
            return super().append(event, **content)
        if self.mode == "within":
            write = append_only_file._write_all

            def half(descriptor: int, line: bytes) -> None:
                write(descriptor, line[: len(line) // 2])
                os.kill(os.getpid(), signal.SIGKILL)

            append_only_file._write_all = half
        if self.mode != "before":
            super().append(event, **content)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("alive")


def killed(
    found: ContainmentPlan, path: Path, servers: dict[VendorName, Vendor], phase: Phase, line: int, mode: str
) -> bool:
    """Run in a process of its own that is killed at a line; whether it was (else there is no such line)."""
    child = os.fork()
    if child == 0:  # pragma: no cover - dies
        try:
            Dying.line, Dying.mode = line, mode
            journals.Journal = Dying  # type: ignore[misc]
            run(found, path, asking(servers), phase)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def state(vendor: Vendor) -> Any:
    """What the vendor keeps, with new ids taken out and times of change as whether there was one."""
    left_out = {
        "calls",
        "faults",
        "lock",
        "base",
        "token",
        "calls_path",
        "cleared",
        "signed_out",
        "passwords",
    }

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        if isinstance(value, list):
            return [plain(one) for one in value]
        is_new = isinstance(value, str) and value.startswith("new-")
        return (
            "new" if is_new else "later" if isinstance(value, str) and value.startswith("2026-09") else value
        )

    return {
        name: plain(value) for name, value in vars(vendor).items() if name not in left_out and name[0] != "_"
    }


def kinds_of_calls(vendor: Vendor) -> list[tuple[str, str]]:
    return sorted((method, "new" if "new-" in path else path) for method, path in vendor.changes())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("vendor", sorted(MAKERS))
@pytest.mark.parametrize("phase", ["apply", "undo"])
def test_killed_anywhere_every_change_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: VendorName, phase: Phase, mode: str
) -> None:
    monkeypatch.setattr(
        os, "fsync", lambda _: None
    )  # what a killed process wrote stays; only a machine loses it
    found = planned(vendor)
    with served(MAKERS[vendor]()) as reference:
        run(found, tmp_path / "reference", asking({vendor: reference}))
        if phase == "undo":
            run(found, tmp_path / "reference", asking({vendor: reference}), "undo")
    lines = len(journals.read_journal(tmp_path / "reference"))
    first = 1
    unclear = 0
    if phase == "undo":
        first = 1 + next(
            number
            for number, entry in enumerate(journals.read_journal(tmp_path / "reference"))
            if entry.get("phase") == "undo"
        )
    for line in range(first, lines + 1):
        path = tmp_path / f"{line}"
        with served(MAKERS[vendor]()) as server:
            servers: dict[VendorName, Vendor] = {vendor: server}
            if phase == "undo":
                run(found, path, asking(servers))
            assert killed(found, path, servers, phase, line, mode), f"line {line} is not written"
            results = run(found, path, asking(servers), phase)
            lost = [step for step, result in results.items() if result.state == "unclear"]
            if lost:
                # Nobody can tell whether it was made: it is not repeated, and what depends on it waits.
                unclear += 1
                actions = {action.id: action for action in found.actions}
                assert all(actions[step].done is None for step in lost), lost
                before = len(server.changes())
                run(found, path, asking(servers), phase)
                assert len(server.changes()) == before
                _confirm(path, found, lost, server, vendor)
                results = run(found, path, asking(servers), phase)
            good = {"done", "already", "waiting", "undone", "left out"}
            assert {result.state for result in results.values()} <= good, (line, results)
            assert kinds_of_calls(server) == kinds_of_calls(reference), (line, mode)
            assert state(server) == state(reference)
    assert unclear == 0 or vendor != "microsoft"


def _confirm(path: Path, found: ContainmentPlan, lost: list[str], server: Vendor, vendor: VendorName) -> None:
    """A person looks at the vendor's log, and has a step repeated or says that it is done."""
    with journals.open_journal(path, clock=lambda: "2026-11-26T00:00:00Z") as journal:
        intent = [
            entry for entry in journal.entries if entry["event"] == "intent" and entry["step"] == lost[0]
        ][-1]
        made = [path for _, path in server.changes()].count(intent["path"])
        sent = sum(
            entry["event"] == "result"
            and entry["outcome"] == "done"
            and _path(journal.entries, entry) == intent["path"]
            for entry in journal.entries
        )
        if made > sent:
            journal.append("confirmed", phase=intent["phase"], step=lost[0], by="Ann Approver")
            return
    run(found, path, asking({vendor: server}), again=frozenset(lost))


def _path(entries: list[journals.Entry], result: journals.Entry) -> str:
    for entry in reversed(entries[: result["number"]]):
        if entry["event"] == "intent" and (entry["step"], entry["change"]) == (
            result["step"],
            result["change"],
        ):
            return str(entry["path"])
    return ""


def test_every_vendor_is_killed() -> None:
    assert set(MAKERS) | {"gate"} == set(VENDORS)

"""Search a scope in a separate process: `python -m` this module, with a task on standard input. Ends when that closes.

The console must keep answering meanwhile, and a search that takes too long must be killed, which threads do not
allow.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.console.data.plan_values import plan_value
from seawall.console.data.scope_values import scoped_value
from seawall.detection.incident import Incident
from seawall.report.scope_files import write_messages
from seawall.response.containment.documents import write_plan
from seawall.response.incident_sources import MergedEvents
from seawall.response.plan_request import PlanRequest, request_plan
from seawall.response.scope import ScopeQuery, SearchBounds
from seawall.response.scope.document import write_scope
from seawall.response.scope.stored import Lost, scope_of_lake
from seawall.response.scope_values import IndicatorKind, Scope
from seawall.storage.files.incident_documents import incident_from_document
from seawall.storage.files.merged_events import EVENTS
from seawall.storage.lake.narrowed import open_lake
from seawall.storage.lake.place import LakePlace
from seawall_base.errors import SeawallError

VALUE: Final = "value.json"
SCOPE: Final = "scope.json"
MESSAGES: Final = "messages.csv"
LOST: Final = "lost.jsonl"
FAULT: Final = "fault.txt"
PLANS: Final = {False: "plan.json", True: "plan-possible.json"}
"""Plan files: of all accounts proved touched, and with those that cannot be ruled out."""

PLAN_VALUES: Final = {False: "plan-value.json", True: "plan-possible-value.json"}
MADE_FROM: Final = "the console"
MOST_POSSIBLE: Final = 1_000
"""The most accounts planned for that cannot be ruled out: with short logs these are nearly all accounts."""

POLITE: Final = 10


class ScopeTask(msgspec.Struct, frozen=True):
    """A search: the lake's folder, the days, the incident as a document, the bounds.

    `names` maps object ids to accounts, by organisation. Without an incident it starts from `seeds`, which are the
    intruder's from `start` on (microseconds; None: derived from the logs), in the organisation `tenant` or in all. The
    search reads `organisations` alone, None: all.
    """

    folder: str
    lake: str
    first_day: date
    end_day: date
    incident: dict[str, Any] | None
    messages: int
    names: dict[str, dict[str, str]] = {}
    seeds: list[tuple[IndicatorKind, str]] = []
    start: int | None = None
    tenant: str = ""
    organisations: list[str] | None = None


def run_scope(task: ScopeTask) -> None:
    """Search, and leave the result files in the task's folder. Raises what the search raises."""
    folder = Path(task.folder)
    tempfile.tempdir = task.folder  # so that the parent can delete everything with the folder
    incident = None if task.incident is None else incident_from_document(task.incident)
    asked = (
        ScopeQuery(tuple(task.seeds), task.start, tenant=task.tenant)
        if incident is None
        else ScopeQuery(incidents={incident.id: tuple(incident.events)})
    )
    held = None if task.organisations is None else frozenset(task.organisations)
    with open_lake(LakePlace(Path(task.lake), held)) as lake:
        lake.names_of = lambda tenant: task.names.get(tenant, {})
        scope, _ = scope_of_lake(
            lake,
            _report_loss(folder / LOST),
            asked,
            SearchBounds(messages=task.messages),
            source="the console's store",
            days=(task.first_day, task.end_day),
            keep=folder,
        )
    write_scope(folder / SCOPE, scope)
    write_messages(folder / MESSAGES, scope)
    (folder / VALUE).write_bytes(msgspec.json.encode(scoped_value(scope)))
    if incident is not None:
        _plan(folder, incident, replace(scope, messages=(), mailboxes=(), organisations=()))
    (folder / EVENTS).unlink()  # keep the result, not the searched events


def _plan(folder: Path, incident: Incident, scope: Scope) -> None:
    """Write the plans of the incident with its scope, from the same events."""
    may = sum(one.verdict == "possible" for one in scope.accounts) <= MOST_POSSIBLE
    for with_possible in (False, True) if may else (False,):
        question = PlanRequest(incident, scope, with_possible=with_possible)
        made = request_plan(MergedEvents(folder / EVENTS, MADE_FROM), question)
        if made is None:
            continue
        write_plan(folder / PLANS[with_possible], made)
        value = plan_value(made, question, may_have_possible=may)
        (folder / PLAN_VALUES[with_possible]).write_bytes(msgspec.json.encode(value))


def _report_loss(path: Path) -> Iterator[Lost]:
    decoder = msgspec.json.Decoder(Lost)
    with path.open("rb") as lines:
        for line in lines:
            yield decoder.decode(line)


def _end_with_parent(folder: str) -> None:
    """End when the console process has ended, even if killed, and delete the copied events."""
    sys.stdin.buffer.read()
    for _ in range(3):  # retry, because the search may still be writing
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def main() -> int:
    """Run the task on the first line of standard input."""
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=ScopeTask)
    threading.Thread(target=_end_with_parent, args=(task.folder,), daemon=True).start()
    os.nice(POLITE)
    try:
        run_scope(task)
    except SeawallError as error:
        (Path(task.folder) / FAULT).write_text(error.code, encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the thread that waits for the parent blocks standard input, so a normal exit would hang

"""Convert a plan to and from JSON. The plan id is a hash of its content, so a changed plan is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.response.containment.planning import digest_plan
from seawall.response.containment.values import ContainmentPlan
from seawall.response.errors import PlanInvalid
from seawall_base.durable_file import write_whole
from seawall_base.errors import InputUnreadable
from seawall_base.msgspec_types import prepare
from seawall_base.regular_files import open_file

VERSION: Final = 1
LARGEST: Final = 64 * 1024 * 1024
_FIX: Final = "make it anew with `seawall respond plan`"

prepare(ContainmentPlan)


def plan_to_document(plan: ContainmentPlan) -> dict[str, Any]:
    """Return the plan as JSON values, each step with its number."""
    plain: dict[str, Any] = msgspec.to_builtins(plan)
    numbers = plan.numbers
    plain["actions"] = [{"number": numbers[action["id"]], **action} for action in plain["actions"]]
    return {"plan_version": VERSION, **plain}


def plan_from_document(document: Mapping[str, Any]) -> ContainmentPlan:
    """Parse the document that `plan_to_document` wrote.

    Raises PlanInvalid for any other or a changed document.
    """
    if document.get("plan_version") != VERSION:
        raise PlanInvalid("not a containment plan of this version", fix=_FIX)
    plain = {
        name: value for name, value in document.items() if name not in {"plan_version", "schema_version"}
    }
    try:
        found = msgspec.convert(plain, ContainmentPlan)
    except (ValueError, TypeError) as error:
        raise PlanInvalid(f"no containment plan ({error})", fix=_FIX) from None
    if found.id != digest_plan(found) or not _has_its_numbers(document, found):
        raise PlanInvalid("the plan was changed after Seawall wrote it", fix=_FIX)
    return found


def _has_its_numbers(document: Mapping[str, Any], plan: ContainmentPlan) -> bool:
    """Return whether the step numbers match the order. Plans of older versions have no numbers and pass."""
    stated = [action.get("number") for action in document["actions"]]
    return set(stated) <= {None} or stated == list(plan.numbers.values())


def write_plan(path: Path, plan: ContainmentPlan) -> None:
    """Write a plan to `path` atomically, readable only by its owner because it names accounts. Raises OutputUnwritable."""
    content = msgspec.json.format(msgspec.json.encode(plan_to_document(plan)), indent=1) + b"\n"
    write_whole(path, content, fix="choose another place")


def read_plan(path: Path) -> ContainmentPlan:
    """Read a plan from a file. Raises InputUnreadable or PlanInvalid."""
    try:
        with open_file(path) as source:
            content = source.read(LARGEST + 1)
    except OSError as error:
        raise InputUnreadable(
            f"{path}: the plan cannot be read: {error.strerror or error}",
            fix="give the file that `seawall respond plan --to` wrote",
        ) from error
    if len(content) > LARGEST:
        raise PlanInvalid(f"{path}: larger than {LARGEST:,} bytes", fix=_FIX)
    try:
        document = msgspec.json.decode(content, type=dict[str, Any])
    except (ValueError, RecursionError):
        is_journal = content.startswith(b'{"number":1,') and b'"event":"opened"' in content
        what = "the journal of a plan" if is_journal else "not JSON, or not one object"
        raise PlanInvalid(f"{path}: {what}", fix="give the plan" if is_journal else _FIX) from None
    return plan_from_document(document)

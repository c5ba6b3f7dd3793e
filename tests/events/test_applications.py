"""Names of well-known applications, from a dated table."""

from __future__ import annotations

import hashlib
import json
import runpy
from importlib import resources
from pathlib import Path

import pytest

from seawall.events.applications import find_application_name, label_application
from seawall.events.applications.names import is_application_name

ROOT = Path(__file__).resolve().parents[2]
DATA = resources.files("seawall.events.applications") / "data"
OUTLOOK_MOBILE = "27922004-5251-4030-b22d-91ecd9a37ea4"


def test_the_table_is_as_its_provenance_says() -> None:
    record = json.loads((DATA / "provenance.json").read_text("utf-8"))
    content = (DATA / "names.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    assert record["counts"]["applications"] == len(content.decode().splitlines()) - 1 >= 1_000
    assert all(source["licence"] and source["date"] for source in record["sources"])


@pytest.mark.parametrize(
    ("uid", "name"),
    [
        (OUTLOOK_MOBILE, "Outlook Mobile"),
        (OUTLOOK_MOBILE.upper(), "Outlook Mobile"),
        ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"),
        ("9e5f94bc-e8a4-4e73-b8be-63364c29d753", "Mozilla Thunderbird"),
        ("5b1d0000-0000-4000-8000-000000000046", None),
        ("", None),
        (None, None),
    ],
)
def test_names(uid: str | None, name: str | None) -> None:
    assert find_application_name(uid) == name


def test_what_the_logs_say_takes_precedence() -> None:
    assert label_application(OUTLOOK_MOBILE) == f"Outlook Mobile ({OUTLOOK_MOBILE})"
    assert label_application(OUTLOOK_MOBILE, "Our mail") == f"Our mail ({OUTLOOK_MOBILE})"
    assert label_application("0oa1") == "0oa1"
    assert label_application("Gmail", "gmail") == "Gmail"


def test_the_tool_builds_the_table() -> None:
    build = runpy.run_path(str(ROOT / "tools" / "build_application_table.py"))["build"]
    uid, resource, named = (f"{digit}0000000-0000-4000-8000-000000000000" for digit in "123")
    document = {
        "apps": {uid.upper(): {"name": " Portal "}, OUTLOOK_MOBILE: {"name": "another"}},
        "resourceidentifiers": {
            "https://long.service.example/": resource,
            "https://service.example": resource,
            f"api://{named}": named,
            "https://portal.example": uid,
        },
    }
    text, counts = build(document)
    rows = dict(line.split(",", 1) for line in text.splitlines()[1:])
    assert rows[uid] == "Portal"
    assert rows[resource] == "service.example"
    assert named not in rows, "an address that is the id itself names nothing"
    assert rows[OUTLOOK_MOBILE] == "Outlook Mobile", "Microsoft's article takes precedence"
    assert counts["applications"] == len(rows)


def test_names_of_applications_are_known_exactly() -> None:
    assert is_application_name("Office 365 Exchange Online")
    assert not any(map(is_application_name, ("office 365 exchange online", "Ann", "", None)))

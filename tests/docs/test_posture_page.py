"""The reference page of policies is made from the code, and names every key of the document."""

from __future__ import annotations

import re

from tools import posture_tables

from seawall.posture.assess import assess_configuration
from seawall.posture.policies import POLICIES
from seawall.posture.policy import Configuration
from seawall.report.posture import posture_document


def test_the_tables_are_those_of_the_code() -> None:
    page = posture_tables.PAGE.read_text("utf-8")
    assert posture_tables.rewritten(page) == page, "run: python -m tools.posture_tables"
    assert posture_tables.main(["--check"]) == 0


def test_every_policy_has_one_row() -> None:
    page = posture_tables.PAGE.read_text("utf-8")
    rows = re.findall(r"^\| \*\*.*\(`([A-Z0-9.]+v\d+)`", page, re.MULTILINE)
    assert sorted(rows) == sorted(policy.id for policy in POLICIES)


def test_every_key_is_documented() -> None:
    configuration = Configuration({"domains": []}, 0)
    document = posture_document(assess_configuration(configuration), configuration, [], {"findings": []})
    text = posture_tables.PAGE.read_text("utf-8")
    keys = set(document) | set(document["findings"][0]) | set(document["exports"][0]) | set(document["since"])
    keys |= set(document["missing_exports"][0]) | set(document["since"]["changes"][0])
    assert {key for key in keys if f"`{key}`" not in text} <= {"first", "name"}

"""The pages about revocation name every kind, event, renewal code and log field, and nothing that does not exist."""

from __future__ import annotations

import dataclasses
import re

from seawall_tokens.refusals import REFUSALS
from seawall_tokens.revocation.entry import KINDS
from seawall_tokens.signals.effects import EFFECTS
from seawall_tokens.verify.decision import TokenDecision
from tests.docs.test_docs import first_column, page


def test_every_kind_of_revocation() -> None:
    assert first_column(page("docs/reference/revocation.md"), "Kinds") == set(KINDS)
    codes = set(re.findall(r"\| `(revoked-[a-z-]+)` \|", page("docs/reference/revocation.md")))
    assert codes == {code for code in REFUSALS if code.startswith("revoked-")}


def test_every_event() -> None:
    assert first_column(page("docs/how-to/signals.md"), "Events") == {
        uri.rsplit("/", 1)[1] for uri in EFFECTS
    }


def test_every_renewal_code() -> None:
    expected = {code for code, kind in REFUSALS.items() if kind.check == 13}
    assert first_column(page("docs/reference/sender-and-renewal.md"), "Check 13: renewal") == expected


def test_every_field_of_a_decision() -> None:
    section = page("docs/reference/revocation.md").split("## The log of decisions", 1)[1]
    rows = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == {"event", *(entry.name for entry in dataclasses.fields(TokenDecision))}

"""The threat model names every check and every code as the program has them."""

from __future__ import annotations

import re
from pathlib import Path

from seawall.detection.ranking.patterns import PATTERNS
from seawall.detection.rules.detector import RULES
from seawall.gate.refusals import GATE_REFUSALS
from seawall.keys.inventory.codes import KINDS
from seawall_tokens.refusals import REFUSALS

PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "threat-model.md").read_text("utf-8")
ROWS = {
    int(number): rest
    for number, rest in re.findall(
        r"^\| (\d+) \| (.*)$", PAGE.split("## The fifteen checks")[1], re.MULTILINE
    )
}
CODE = re.compile(r"`([a-z]+(?:-[a-z0-9]+)+)`")


def test_every_check_has_a_row() -> None:
    assert sorted(ROWS) == list(range(1, 16))


def test_the_codes_of_a_check_are_that_checks() -> None:
    for number, row in ROWS.items():
        named = CODE.findall(row.split("|")[1])
        assert named or number == 15
        assert {REFUSALS[code].check for code in named} <= {number}, number


def test_every_code_exists() -> None:
    known = {
        *REFUSALS, *GATE_REFUSALS, *KINDS, *(rule.name for rule in RULES), *(pattern.name for pattern in PATTERNS), "entra-v1",
    }  # fmt: skip
    assert set(CODE.findall(PAGE)) <= known


def test_the_attacks_that_made_this_necessary_are_there() -> None:
    for attack in ("Storm-0558", "golden SAML", "replay", "Adversary in the middle", "Consent phishing",
                   "Algorithm confusion", "Key set poisoning", "crash dump", "renewal flaw", "validation flaw"):  # fmt: skip
        assert attack in PAGE, attack

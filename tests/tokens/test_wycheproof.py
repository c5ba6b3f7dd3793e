"""Project Wycheproof's vectors for JWS and JWK: every sound one is judged as it should be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall_tokens import verify_jws
from seawall_tokens.refusals import Internal, Refusal

FOLDER = Path(__file__).parents[2] / ".." / "shared" / "data" / "wycheproof"

FAULTY = {
    346: "the header says PS384, the key's alg is PS256: accepting it would break one key, one algorithm",
    347: "the key's alg is ES521, which is no registered algorithm (the curve is P-521, the algorithm ES512)",
    350: "as 346, with key_ops",
    351: "as 347, with key_ops",
    367: "meant to have wrong padding, but it is byte for byte the valid token of case 357",
    370: "as 367: byte for byte the valid token of case 357",
    372: "labelled valid with a '?' inside the header's base64url",
    373: "labelled valid with a '?' inside the payload's base64url",
}
"""Cases of the JWS file whose verdict is wrong in the file, and why."""

Case = tuple[dict[str, Any], Any, str]

absent = pytest.mark.skipif(not FOLDER.is_dir(), reason="the Wycheproof vectors are not beside the project")


def _cases(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    document = json.loads((FOLDER / name).read_text("utf-8"))
    for group in document["testGroups"]:
        for case in group["tests"]:
            if "jws" in case:
                yield group.get("public") or group["private"], case


def _accepts(keys: dict[str, Any], token: Any) -> bool:
    text = token if isinstance(token, str) else json.dumps(token)
    for given in (keys, json.dumps(keys).encode()):
        try:
            verify_jws(text, given)
        except Internal as unexpected:
            raise AssertionError("refused for want of understanding") from unexpected
        except Refusal:
            accepted = False
        else:
            accepted = True
    return accepted


@absent
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("json_web_signature_test.json", 401),
        ("json_web_key_test.json", 26),
        ("json_web_crypto_test.json", 49),
    ],
)
def test_every_sound_case_is_judged_rightly(name: str, count: int) -> None:
    cases = list(_cases(name))
    assert len(cases) == count
    faulty = FAULTY if name == "json_web_signature_test.json" else {}
    wrong = [
        (case["tcId"], case["comment"])
        for keys, case in cases
        if case["tcId"] not in faulty and _accepts(keys, case["jws"]) != (case["result"] == "valid")
    ]
    assert wrong == []


@absent
def test_the_faulty_cases_are_as_described() -> None:
    cases = {case["tcId"]: (keys, case) for keys, case in _cases("json_web_signature_test.json")}
    assert len(cases) - len(FAULTY) == 393
    for number in FAULTY:
        keys, case = cases[number]
        assert _accepts(keys, case["jws"]) != (case["result"] == "valid")
    assert cases[367][1]["jws"] == cases[370][1]["jws"] == cases[357][1]["jws"]
    assert cases[357][1]["result"] == "valid"
    assert "?" in cases[372][1]["jws"]
    assert "?" in cases[373][1]["jws"]
    assert {cases[number][0]["alg"] for number in (346, 350)} == {"PS256"}
    assert {cases[number][0]["alg"] for number in (347, 351)} == {"ES521"}

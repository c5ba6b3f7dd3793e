"""Found keys as SARIF: places and key ids, never key bytes; what was accepted is suppressed, what was skipped is said."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from seawall.keys.leaks.findings import LeakedKey, SearchTotals, SkippedBytes
from seawall.keys.leaks.scanning.sarif import sarif_document

FOUND = [
    LeakedKey("build/a b.zip!/key.pem", 7, "pem-pkcs8", "thumb", is_known=True, length=99),
    LeakedKey("old.pem", 0, "pem-pkcs1", None, accepted="baseline"),
]


def test_findings_are_results_with_places() -> None:
    totals = SearchTotals(FOUND, [SkippedBytes("disk.img", "too-deep", 5)], 10, 2)
    document = sarif_document(totals, "0.1.0")
    assert json.loads(json.dumps(document)) == document
    (run,) = document["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["pem-pkcs1", "pem-pkcs8"]
    first, second = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "build/a%20b.zip%21/key.pem"
    assert place["region"] == {"startLine": 1, "byteOffset": 7, "byteLength": 99}
    assert (first["ruleId"], first["ruleIndex"], "suppressions" in first) == ("pem-pkcs8", 1, False)
    assert second["suppressions"] == [{"kind": "external", "justification": "baseline"}]
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == "not searched: too-deep"


def test_nothing_found_is_a_sound_document() -> None:
    (run,) = sarif_document(SearchTotals(), "0.1.0")["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["invocations"][0]["executionSuccessful"] is True
    (stopped,) = sarif_document(SearchTotals(is_interrupted=True), "0.1.0")["runs"]
    assert stopped["invocations"][0]["executionSuccessful"] is False


@given(st.text(st.characters(), min_size=1), st.integers(0, 1 << 60))
def test_any_name_is_an_address(path: str, offset: int) -> None:
    """A name may hold what no character is (surrogates stand for its bytes); a fingerprint names the place."""
    document = sarif_document(SearchTotals([LeakedKey(path, offset, "pem", None)]), "0.1.0")
    text = json.dumps(document)
    uri = json.loads(text)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"][
        "uri"
    ]
    assert uri.isascii()
    assert " " not in uri

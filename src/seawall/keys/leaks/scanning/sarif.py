"""Found keys as SARIF 2.1.0, which code hosts show beside the code. It holds places and key ids, never key bytes."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from seawall.keys.leaks.findings import LeakedKey, SearchTotals

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ADVICE: Final = (
    "Replace the key, then delete it here and from the history: whoever has read this file has it."
)


def sarif_document(totals: SearchTotals, version: str) -> dict[str, Any]:
    """Return the search as one SARIF log. Accepted findings are suppressed results; what was skipped is a notification."""
    forms = sorted({found.form for found in totals.findings})
    rules = [
        {
            "id": form,
            "shortDescription": {"text": f"Private key: {form}"},
            "help": {"text": ADVICE},
            "defaultConfiguration": {"level": "error"},
            "properties": {"security-severity": "9.0", "tags": ["security"]},
        }
        for form in forms
    ]
    skipped = [
        {
            "level": "warning",
            "message": {"text": f"not searched: {one.reason}"},
            "locations": [_place(one.path)],
        }
        for one in totals.skipped
    ]
    run = {
        "tool": {"driver": {"name": "seawall keys scan", "semanticVersion": version, "rules": rules}},
        "invocations": [
            {"executionSuccessful": not totals.is_interrupted, "toolExecutionNotifications": skipped}
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, forms) for found in totals.findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(found: LeakedKey, forms: list[str]) -> dict[str, Any]:
    named = f" with the thumbprint {found.key}" if found.key else ""
    known = " of a key set that was given" if found.is_known else ""
    mark = f"{found.form}\0{found.key or found.path}\0{'' if found.key else found.offset}"
    result: dict[str, Any] = {
        "ruleId": found.form,
        "ruleIndex": forms.index(found.form),
        "level": "error",
        "message": {"text": f"A private key{known}{named} ({found.form}). {ADVICE}"},
        "locations": [_place(found.path, found.offset, found.length)],
        "partialFingerprints": {"seawallKey/v1": sha256(mark.encode("utf-8", "replace")).hexdigest()},
    }
    if found.accepted:
        result["suppressions"] = [{"kind": "external", "justification": str(found.accepted)}]
    return result


def _place(path: str, offset: int | None = None, length: int | None = None) -> dict[str, Any]:
    """Return a location. Code hosts show results of lines only, so that a found key also names line 1."""
    where: dict[str, Any] = {"artifactLocation": {"uri": _address(path)}}
    if offset is not None:
        where["region"] = {"startLine": 1, "byteOffset": offset, "byteLength": length or 0}
    return {"physicalLocation": where}


def _address(path: str) -> str:
    """Return a path as a relative address. Bytes that are no UTF-8 keep their value, as the system gave them."""
    try:
        content = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        content = path.encode("utf-8", "replace")
    return quote(content)

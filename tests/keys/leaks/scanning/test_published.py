"""Every private JWK in published test vectors is found, and nothing else in them is taken for a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.keys.leaks.scanning.scan import LeakSettings, search
from seawall_tokens.jose.key import KeyRefused, parse_key

VECTORS = Path(__file__).parents[4] / ".." / "shared" / "data" / "wycheproof"
PUBLIC = ("kty", "n", "e", "crv", "x", "y")

pytestmark = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="no ../shared/data/wycheproof beside the project"
)


def private_keys(value: Any) -> Iterator[str]:
    """Thumbprints of all private keys in a document that are keys at all."""
    if isinstance(value, dict):
        if "d" in value and "kty" in value:
            try:
                yield parse_key({name: value[name] for name in PUBLIC if name in value}).thumbprint
            except KeyRefused:
                return
        for below in value.values():
            yield from private_keys(below)
    elif isinstance(value, list):
        for below in value:
            yield from private_keys(below)


@pytest.mark.parametrize("path", sorted(VECTORS.rglob("json_web_*.json")), ids=lambda path: path.name)
def test_private_keys_of_published_vectors_are_found(path: Path) -> None:
    expected = set(private_keys(json.loads(path.read_text("utf-8"))))
    account = search([str(path)], LeakSettings(jobs=1))
    assert account.skipped == []
    assert {found.key for found in account.findings if found.key} == expected

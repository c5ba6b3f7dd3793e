"""The key inventory and the sketches of version 0.1: what was seen is known, and a leaked key is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from seawall.keys.inventory.audit import AuditResult
from seawall.keys.inventory.store import KeyInventory
from tests.cli.conftest import Run
from tests.keys.inventory.audits import DAY, Served, codes
from tests.keys.inventory.audits import run as run_audit
from tests.upgrade.conftest import MOMENT, Unpack, VerbInJson

ISSUER = "https://login.example.com"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"


@pytest.fixture
def kept(unpack: Unpack) -> Path:
    return unpack("keys")


def test_the_inventory_knows_what_it_saw(kept: Path) -> None:
    with KeyInventory.open(kept / "keys.db") as ledger:
        assert not ledger.fresh
        found = {one.kid: one for one in ledger.known_keys()}
        (issuer,) = {one.issuer for one in ledger.sets().values()}
    assert issuer == ISSUER
    assert (found["good"].first_seen, found["good"].last_seen) == (MOMENT, MOMENT + DAY)
    assert (found["good"].gone_since, found["small"].gone_since) == (None, MOMENT + DAY)


def test_a_key_that_comes_back_is_told(kept: Path) -> None:
    """Later audits go on in the inventory, of the same set by the same address."""
    sets, when = json.loads((kept / "sets.json").read_text("utf-8")), MOMENT + 5 * DAY

    def audited(listed: list[Any], now: int) -> AuditResult:
        documents = {
            DISCOVERY: {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"},
            f"{ISSUER}/keys": {"keys": listed},
        }
        return run_audit(DISCOVERY, fetch=Served(documents), now=now, store=kept / "keys.db")

    assert codes(audited(sets["one"], when).findings) == []
    assert "flapping" in codes(audited(sets["both"], when + DAY).findings)
    with KeyInventory.open(kept / "keys.db") as ledger:
        small = next(one for one in ledger.known_keys() if one.kid == "small")
    assert (small.first_seen, small.gone_since, small.returns) == (MOMENT, None, 1)


def keys_of(path: Path) -> list[str]:
    return [one["key"] for one in json.loads(path.read_text("utf-8"))["sketches"]]


def prime_of(pem: Path) -> bytes:
    """Return a prime of an RSA key, as a program holds it in memory."""
    key = load_pem_private_key(pem.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.private_numbers().p.to_bytes(128)


def test_sketches_find_the_key_and_take_another(kept: Path, run: Run, answer: VerbInJson) -> None:
    words = ("keys", "scan", "key.pem", "--sketches", "sketches.json")
    (found,) = answer(*words, code=10)["findings"]
    assert (found["form"], found["known"]) == ("pem-pkcs8", True)
    (kept / "crash.bin").write_bytes(bytes(5000) + prime_of(kept / "key.pem") + bytes(5000))
    (found,) = answer("keys", "scan", "crash.bin", "--sketches", "sketches.json", code=10)["findings"]
    assert (found["form"], found["offset"]) == ("sketch-p-big-endian", 5000)
    elliptic = ec.derive_private_key(7**90, ec.SECP256R1())
    (kept / "other.pem").write_bytes(
        elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    before = keys_of(kept / "sketches.json")
    assert run("keys", "sketch", "other.pem", "--out", "sketches.json").code == 0
    after = keys_of(kept / "sketches.json")
    assert (set(before) < set(after), len(after)) == (True, 2)
    (found,) = answer("keys", "scan", "crash.bin", "--sketches", "sketches.json", code=10)["findings"]
    assert found["form"] == "sketch-p-big-endian"


def test_what_was_accepted_does_not_count(kept: Path, answer: VerbInJson) -> None:
    (found,) = answer("keys", "scan", "key.pem", "--baseline", "accepted.json")["findings"]
    assert (found["form"], found["accepted"]) == ("pem-pkcs8", "in the baseline")

"""What the token kit of version 0.1 remembered: revocations, keys that were seen, proofs that were used."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall_tokens.keys.first_seen import FirstSeen, FirstSighting
from seawall_tokens.refusals import Refusal
from seawall_tokens.revocation.snapshot import Revocations
from seawall_tokens.revocation.store import RevocationStore
from seawall_tokens.verify.replay import SharedReplayGuard
from tests.cli.conftest import Run
from tests.tokens.test_revocations import outcome
from tests.upgrade.conftest import MOMENT, Unpack, VerbInJson

ISSUER = "https://login.example.com"


@pytest.fixture
def kept(unpack: Unpack) -> Path:
    return unpack("tokens")


def refused(path: Path, **token: str) -> str:
    """Return the code with which a token is refused, at the time when the fixtures were made."""
    with RevocationStore.open(path) as store:
        state = Revocations(store.load(now=MOMENT + 60.0)[0])
    return outcome(
        state, **{"issuer": ISSUER, "subject": "bob", "kid": "k9", "client": "c9", "session": "s9", **token}
    )


@pytest.mark.parametrize("store", ["revocations.db", "revocations-1.db"])
def test_what_was_revoked_is_refused_and_taken_back(
    kept: Path, run: Run, answer: VerbInJson, store: str
) -> None:
    """Of both versions: the account of then in any spelling; what was lifted is not refused."""
    assert refused(kept / store) == ""
    assert refused(kept / store, kid="k1") == "revoked-key"
    assert refused(kept / store, subject="ALICE") == "revoked-subject"
    assert refused(kept / store, client="c1") == ""
    revoke = ("token", "revoke", "--store", store)
    assert run(*revoke, "--client", "c2", "--reason", "stolen").code == 0
    assert run(*revoke, "--lift", "1", "--reason", "the key was replaced").code == 0
    assert refused(kept / store, client="c2") == "revoked-client"
    assert refused(kept / store, kid="k1") == ""
    standing = answer(*revoke, "--list")["revocations"]
    assert {(one["kind"], one["value"]) for one in standing} == {("subject", "Alice"), ("client", "c2")}


def test_a_revocation_that_ends_has_its_end(kept: Path) -> None:
    with RevocationStore.open(kept / "revocations.db", thorough=True) as store:
        found = {one.revocation.kind: one.revocation for one in store.entries(now=MOMENT + 60.0)}
        assert found["session"].expires is not None
        assert MOMENT + 86_400 <= found["session"].expires < MOMENT + 86_600
        assert "session" not in {one.revocation.kind for one in store.entries(now=MOMENT + 90_000.0)}


def test_keys_that_were_seen_are_not_new(kept: Path) -> None:
    seen = FirstSeen(kept / "keys-seen.json")
    assert seen.get("thumbprint-of-the-first") == FirstSighting(MOMENT, among_known=False)
    assert seen.get("thumbprint-of-the-third") == FirstSighting(MOMENT + 86_400, among_known=True)
    listed = frozenset({"thumbprint-of-the-first", "thumbprint-of-the-fourth"})
    assert seen.note(listed, MOMENT + 90_000.0) == {"thumbprint-of-the-fourth"}
    assert seen.trouble is None
    again = FirstSeen(kept / "keys-seen.json")
    assert again.get("thumbprint-of-the-fourth") == FirstSighting(MOMENT + 90_000, among_known=True)
    assert again.get("thumbprint-of-the-second") == FirstSighting(MOMENT, among_known=False)


def test_a_proof_that_was_used_is_not_used_again(kept: Path) -> None:
    guard = SharedReplayGuard(kept / "proofs.db")
    with pytest.raises(Refusal) as caught:
        guard.use("thumbprint-of-a-client", "proof-1", until=MOMENT + 600.0, now=MOMENT + 60.0)
    assert caught.value.code == "dpop-replayed"
    guard.use("thumbprint-of-a-client", "proof-2", until=MOMENT + 600.0, now=MOMENT + 60.0)
    guard.close()

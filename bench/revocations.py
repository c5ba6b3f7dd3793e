"""Measure the cost of a million revocations: memory, look-up, change, loading, and verification of the same token.

    python bench/revocations.py [--entries 1000000] [--json]

One process, one core. Ratios are those of medians in the same run, measured in turns, so that noise affects both.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from seawall_tokens.jose import base64url
from seawall_tokens.jose.key import read_key
from seawall_tokens.policy.issuer_policy import IssuerKey, IssuerPolicy, Policy
from seawall_tokens.revocation.entry import Key, Revocation
from seawall_tokens.revocation.snapshot import EMPTY, Revocations, RevocationSnapshot
from seawall_tokens.revocation.store import RevocationStore
from seawall_tokens.verify.access_token import verify_access_token

NOW = 1_790_000_000
ISSUER = "https://issuer.example"
ROUNDS = 15


class OneKey:
    """A key source with one key."""

    def __init__(self, held: IssuerKey) -> None:
        self._held = held

    def lookup(self, *_: object) -> IssuerKey:
        """Return the key, whichever is looked up."""
        return self._held


def identifier(number: int) -> str:
    """Return a token id in the usual format."""
    return str(UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128)))


def a_view(entries: int) -> RevocationSnapshot:
    """Return a snapshot: half token ids, a quarter sessions, a quarter time limits of subjects."""
    keys: dict[Key, float | None] = {}
    for number in range(entries):
        name = identifier(number)
        if number % 2:
            keys["token-id", ISSUER, name] = 1.0
        elif number % 4:
            keys["session", ISSUER, name] = 1.0
        else:
            keys["not-before", ISSUER, name] = NOW - 1e6
    return EMPTY.apply_changes(keys)


def a_token() -> tuple[str, IssuerKey]:
    """Return an RS256 token and its key."""
    key = rsa.generate_private_key(65537, 2048)
    numbers = key.public_key().public_numbers()
    jwk = {
        "kty": "RSA",
        "kid": "k1",
        "n": base64url.encode(numbers.n.to_bytes(256)),
        "e": base64url.encode(numbers.e.to_bytes(3)),
    }
    header = {"alg": "RS256", "typ": "at+jwt", "kid": "k1"}
    claims = {"iss": ISSUER, "aud": "api", "sub": identifier(-1), "client_id": "app", "iat": NOW - 10, "exp": NOW + 3000,
              "jti": identifier(-2), "sid": identifier(-3)}  # fmt: skip
    signed = ".".join(base64url.encode(json.dumps(part).encode()) for part in (header, claims))
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64url.encode(signature)}", IssuerKey(read_key(jwk), NOW - 1e6, "active")


def seconds_each(act: Callable[[], object], times: int) -> float:
    """Return the mean seconds of a call."""
    began = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - began) / times


def compare(acts: dict[str, Callable[[], object]], times: int) -> dict[str, float]:
    """Return the median seconds of each call, measured in turns."""
    found: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(ROUNDS):
        for name, act in acts.items():
            found[name].append(seconds_each(act, times))
    return {name: statistics.median(values) for name, values in found.items()}


def measure(entries: int) -> dict[str, Any]:
    """Return all figures."""
    tracemalloc.start()
    view = a_view(entries)
    gc.collect()
    held_bytes = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    token, key = a_token()
    empty, full = Revocations(), Revocations(view)
    policies = {
        name: Policy(
            (IssuerPolicy(name="one", issuer=ISSUER, audiences=frozenset({"api"}), keys=OneKey(key)),),
            revocations,
        )
        for name, revocations in (("empty", empty), ("full", full))
    }
    asked: dict[str, Any] = {"issuer": ISSUER, "kid": "k1", "thumbprint": key.key.thumbprint, "subject": identifier(-1),
             "session": identifier(-3), "token_id": identifier(-2), "issued_at": NOW - 10.0, "client": "app"}  # fmt: skip
    lookups = compare({"empty": lambda: empty.refuse(**asked), "full": lambda: full.refuse(**asked)}, 5_000)
    verify = compare(
        {
            "empty": lambda: verify_access_token(token, policies["empty"], NOW),
            "full": lambda: verify_access_token(token, policies["full"], NOW),
        },
        500,
    )
    change = statistics.median(
        seconds_each(lambda: view.apply_changes({("token-id", ISSUER, identifier(-9)): 1.0}), 20)
        for _ in range(ROUNDS)
    )
    return {
        "entries": entries,
        "megabytes": round(held_bytes / 1e6, 1),
        "lookup_microseconds": {name: round(value * 1e6, 2) for name, value in lookups.items()},
        "verify_microseconds": {name: round(value * 1e6, 1) for name, value in verify.items()},
        "verify_full_over_empty": round(verify["full"] / verify["empty"], 3),
        "one_change_microseconds": round(change * 1e6, 1),
    }


def measure_store(entries: int) -> dict[str, Any]:
    """Return the figures of writing and loading a store of the same size."""
    with (
        tempfile.TemporaryDirectory() as folder,
        RevocationStore.create(Path(folder) / "revocations.db") as store,
    ):
        made = [
            Revocation(
                kind="token-id", issuer=ISSUER, value=identifier(number), reason="bench", who="bench", at=NOW
            )
            for number in range(entries)
        ]
        began = time.perf_counter()
        store.append(made)
        written = time.perf_counter() - began
        began = time.perf_counter()
        view, sequence = store.load(now=NOW)
        loaded = time.perf_counter() - began
        size = (Path(folder) / "revocations.db").stat().st_size
        singles = statistics.median(seconds_each(lambda: store.append(made[:1]), 1) for _ in range(30))
        poll = statistics.median(
            seconds_each(lambda: store.changes(view, after=sequence + 30, since=NOW, now=NOW), 20)
            for _ in range(15)
        )
    return {
        "append_all_seconds": round(written, 2),
        "append_one_milliseconds": round(singles * 1e3, 2),
        "load_seconds": round(loaded, 2),
        "poll_microseconds": round(poll * 1e6, 1),
        "file_megabytes": round(size / 1e6, 1),
        "loaded": view.count,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = {**measure(given.entries), "store": measure_store(given.entries)}
    if given.json:
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return 0
    for name, value in figures.items():
        sys.stdout.write(f"{name}: {value}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

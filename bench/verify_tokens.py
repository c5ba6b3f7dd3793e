"""Measure `verify_access_token`, compared with the bare RSA signature check, PyJWT and joserfc, in one process and thread.

    python bench/verify_tokens.py [--rounds 15] [--seconds 0.2]

Every verifier gets the same token (RS256 with 2048 bits, ES256) and checks issuer, audience and time. They take turns for a
fixed time, so that other work affects all. Figures are medians over the rounds; the ratio to the bare signature check is
the median of each round's ratio.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import logging
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, RSAKey

from seawall_tokens.jose import base64url
from seawall_tokens.jose.key import PublicKey, read_key
from seawall_tokens.policy.issuer_policy import IssuerKey, IssuerPolicy, Policy
from seawall_tokens.refusals import Refusal
from seawall_tokens.revocation.entry import Revocation
from seawall_tokens.revocation.snapshot import Revocations
from seawall_tokens.verify.access_token import verify_access_token

ISSUER = "https://issuer.example/b1f0e8c2-6d0a-4a7e-9a55-0c1d2e3f4a5b/"
AUDIENCE = "api://0d6f7e11-5a77-4d0e-8a4c-5b6a7c8d9e0f"
REVOKED = 100_000
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class OneKey:
    """A key source with one key."""

    def __init__(self, key: PublicKey, now: float) -> None:
        self.held = IssuerKey(key, now, "active")

    def lookup(self, issuer: str, kid: str, now: float) -> IssuerKey:  # noqa: ARG002
        """Return the key."""
        return self.held


def claims(now: int, kind: str) -> dict[str, Any]:
    """Return claims: those that RFC 9068 requires, or those of a large provider."""
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "5ba552d67",
        "client_id": "s6BhdRkqt3",
        "iat": now - 60,
        "exp": now + 3540,
        "jti": "dbe39bf3a3ba4238a513f51d6e1691c4",
        "scope": "mail.read mail.send",
    }
    if kind == "large":
        said |= {
            "nbf": now - 60,
            "auth_time": now - 600,
            "acr": "1",
            "amr": ["pwd", "mfa"],
            "name": "A person with a name",
            "oid": "9e0f5b6a-7c8d-4d0e-8a4c-5a770d6f7e11",
            "roles": ["reader", "sender"],
            "sid": "c1a9e0b4-7f6d-4e0c-9a7b-2f1e3d4c5b6a",
            "uti": "kH2oT3vQ0Ei0mJ3c5b6aAA",
            "ver": "2.0",
            "xms_ftd": "Qm9sZCBhbmQgYnJpZ2h0LCBhbmQgb3BhcXVlIHRvIGV2ZXJ5Ym9keSBlbHNlLCBhcyB1c3VhbA",
        }
    return said


def sign_token(key: Key, said: dict[str, Any], algorithm: str) -> tuple[str, bytes, bytes]:
    """Return the token, the signed bytes, and the raw signature for `cryptography`."""
    head = {"alg": algorithm, "kid": "one", "typ": "at+jwt"}
    data = ".".join(base64url.encode(json.dumps(part).encode()) for part in (head, said)).encode()
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return f"{data.decode()}.{base64url.encode(signature)}", data, signature
    der = key.sign(data, ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(der)
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{data.decode()}.{base64url.encode(raw)}", data, encode_dss_signature(r, s)


def number_text(value: int) -> str:
    """Return an integer as JSON Web Keys encode it."""
    return base64url.encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jwk(key: Key) -> dict[str, str | list[str]]:
    """Return the public key as a JWK."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "kid": "one", "n": number_text(numbers.n), "e": number_text(numbers.e)}
    point = key.public_key().public_numbers()
    x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
    return {"kty": "EC", "crv": "P-256", "kid": "one", "x": base64url.encode(x), "y": base64url.encode(y)}


def contestants(key: Key, algorithm: str, kind: str) -> dict[str, Callable[[], object]]:
    """Return the call of each verifier by name; each was tested to accept the token and to refuse a changed one."""
    now = int(time.time())
    text, data, signature = sign_token(key, claims(now, kind), algorithm)
    public = key.public_key()
    arguments: tuple[Any, ...] = (signature, data, ec.ECDSA(hashes.SHA256()))
    if algorithm == "RS256":
        arguments = (signature, data, padding.PKCS1v15(), hashes.SHA256())
    algorithms = frozenset({algorithm})
    entry = IssuerPolicy(
        name="one", issuer=ISSUER, audiences=frozenset({AUDIENCE}), algorithms=algorithms,
        keys=OneKey(read_key(jwk(key)), now),
    )  # fmt: skip
    policy = Policy((entry,), Revocations())
    many = [
        Revocation(
            kind="token-id", issuer=ISSUER, value=f"token-{number}", reason="bench", who="bench", at=now
        )
        for number in range(REVOKED)
    ]
    crowded = Policy((entry,), Revocations.of(many, now=now))
    theirs = RSAKey.import_key(jwk(key)) if algorithm == "RS256" else ECKey.import_key(jwk(key))
    registry = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True},
    )

    def joserfc() -> None:
        registry.validate(joserfc_jwt.decode(text, theirs, algorithms=[algorithm]).claims)

    def ours(rules: Policy) -> Callable[[], object]:
        return lambda: verify_access_token(text, rules, time.time())

    _prove(text, policy, now)
    return {
        "cryptography, bare signature": lambda: public.verify(*arguments),
        "seawall, verify_access_token": ours(policy),
        f"seawall, {REVOKED:,} revocations": ours(crowded),
        "PyJWT, iss aud exp": lambda: jwt.decode(text, public, [algorithm], audience=AUDIENCE, issuer=ISSUER),
        "joserfc, iss aud exp": joserfc,
    }


def _prove(text: str, policy: Policy, now: int) -> None:
    """Check that the verifier works: it must refuse a changed token."""
    verify_access_token(text, policy, now)
    first, second, third = text.split(".")
    try:
        verify_access_token(f"{first}.{second}.{third[:-8]}AAAAAAAA", policy, now)
    except Refusal:
        return
    raise SystemExit("a changed token was accepted: nothing to measure")


def rate(call: Callable[[], object], seconds: float) -> float:
    """Return the calls a second of processor time, over about so many seconds."""
    count, spent = 0, 0.0
    while spent < seconds:
        started = time.thread_time()
        for _ in range(200):
            call()
        spent += time.thread_time() - started
        count += 200
    return count / spent


def measure(calls: dict[str, Callable[[], object]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Return the rates of each call, round by round, in turns."""
    rates: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            rates[name].append(rate(call, seconds))
    return rates


def report(title: str, rates: dict[str, list[float]]) -> float:
    """Print one table; return Seawall's ratio to the bare signature check."""
    bare = next(iter(rates.values()))
    print(f"\n{title:<36}{'/s':>9}{'of bare':>10}")
    shares = {}
    for name, own in rates.items():
        shares[name] = statistics.median(mine / base for mine, base in zip(own, bare, strict=True))
        print(f"{name:<36}{statistics.median(own):>9,.0f}{shares[name]:>10.1%}")
    return shares["seawall, verify_access_token"]


def machine() -> str:
    """Return processor, cores and versions."""
    with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
        model = next(
            (line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown"
        )
    packages = ("cryptography", "joserfc", "pyjwt")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    return f"{model}; Python {platform.python_version()}; {versions}; {datetime.now(UTC):%Y-%m-%d}"


def main() -> int:
    """Measure and print; return 1 if verification is slower than 60 % of the bare RS256 signature check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.2)
    given = parser.parse_args()
    print(machine())
    shares = []
    logging.getLogger("seawall.tokens").setLevel(logging.CRITICAL)
    rsa_key, ec_key = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
    cases: list[tuple[Key, str, str]] = [
        (rsa_key, "RS256", "usual"), (rsa_key, "RS256", "large"), (ec_key, "ES256", "usual")
    ]  # fmt: skip
    for key, algorithm, kind in cases:
        calls = contestants(key, algorithm, kind)
        length = len(sign_token(key, claims(0, kind), algorithm)[0])
        shares.append(report(f"{algorithm}, {kind} token", measure(calls, given.rounds, given.seconds)))
        report_with_log(calls["seawall, verify_access_token"], given.rounds, given.seconds)
        print(f"  ({len(claims(0, kind))} claims, about {length:,} characters)")
    return int(shares[0] < 0.6)


def report_with_log(call: Callable[[], object], rounds: int, seconds: float) -> None:
    """Measure with a line of the decision log for each accepted token, which is discarded."""
    logger = logging.getLogger("seawall.tokens")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler := logging.NullHandler())
    rates = [rate(call, seconds) for _ in range(rounds)]
    logger.removeHandler(handler)
    logger.setLevel(logging.CRITICAL)
    print(f"{'seawall, each acceptance logged':<36}{statistics.median(rates):>9,.0f}")


if __name__ == "__main__":
    sys.exit(main())

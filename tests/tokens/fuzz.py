"""Hostile tokens from a seed: the same seed makes the same tokens, letter by letter, in every run and on every machine."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from seawall_tokens.jose import base64url
from seawall_tokens.policy.issuer_policy import ANY_TENANT, Policy
from seawall_tokens.verify.claim_conditions import Conditions
from tests.tokens import minting
from tests.tokens.jose import keys
from tests.tokens.judging import COMMON, TENANT
from tests.tokens.minting import AUDIENCE, ISSUER, NOW

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
"""Deterministic signatures (RFC 8032), so that a seed decides every octet."""

NAMES = [
    "iss", "aud", "sub", "client_id", "azp", "appid", "cid", "iat", "exp", "nbf", "jti", "uti", "tid", "oid", "sid", "acr", "amr",
    "auth_time", "scope", "scp", "roles", "cnf", "act", "may_act", "nonce", "hd", "idtyp", "typ", "alg", "kid", "cty", "crit",
    "b64", "jwk", "jku", "x5c", "x5u", "x5t", "zip", "enc", "", "\0", "\ud83d\ude00", "__proto__",
]  # fmt: skip
SCALARS: list[Any] = [
    None, True, False, 0, 1, -1, 1 << 63, 1 << 64, 1e308, -0.0, 0.1, NOW, NOW + 60, "", " ", "\0", "*", "none", "HS256", "EdDSA",
    "RS256", "JWT", "at+jwt", "one", ISSUER, AUDIENCE, TENANT, TENANT.upper(), COMMON, "{" + TENANT + "}", "a" * 300,
    "\u202e\u200b", "2026-01-01T00:00:00Z", "example.org", "\ud800", "../../etc/passwd", "' OR 1=1 --",
]  # fmt: skip
LETTERS = b'.=_-+/%AZaz09{}[]"\\ \t\r\n\0\xff\xc3'


@dataclass(frozen=True, slots=True)
class Shot:
    """One token and whether it is one that its issuer could have made: nothing else may be accepted."""

    token: str | bytes
    sound: bool


def policies() -> tuple[Policy, Policy]:
    """A policy of one issuer, and one of every tenant with most demands that a policy can make."""
    jwk = keys.jwk(KEY, kid="one", alg="EdDSA")
    algorithms = frozenset({"EdDSA"})
    strict = minting.entry(
        issuer=COMMON,
        keys=minting.source(jwk | {"issuer": COMMON}),
        algorithms=algorithms,
        key_issuer="required",
        tenants=ANY_TENANT,
        canonical_guids=True,
        permission_claims=("scp", "roles"),
        conditions=Conditions.of({"hd": ["example.org"]}),
        max_application_lifetime=90_000,
    )
    plain = minting.entry(keys=minting.source(jwk), algorithms=algorithms)
    return Policy((plain,)), Policy((plain, strict))


def shots(seed: int, count: int) -> Iterator[Shot]:
    """So many tokens: sound ones, signed nonsense, and tokens of which octets were changed."""
    dice = random.Random(seed)
    for _ in range(count):
        yield dice.choices((_signed, _bent, _garbage, _sound), (6, 8, 2, 1))[0](dice)


def _claims(dice: random.Random) -> dict[str, Any]:
    if dice.random() < 0.5:
        return minting.claims()
    return minting.claims(
        iss=COMMON.replace("{tenantid}", TENANT), tid=TENANT, oid=TENANT, scp="Mail.Read", hd="example.org", acr=1, amr="pwd"
    )  # fmt: skip


def _mint(head: Any, said: Any) -> str:
    try:
        first, second = (base64url.encode(json.dumps(part).encode()) for part in (head, said))
    except ValueError:
        return ""
    return f"{first}.{second}.{base64url.encode(KEY.sign(f'{first}.{second}'.encode()))}"


def _sound(dice: random.Random) -> Shot:
    return Shot(_mint(minting.header(alg="EdDSA"), _claims(dice)), sound=True)


def _signed(dice: random.Random) -> Shot:
    """Rightly signed, with members of header or claims changed, added, dropped or nested."""
    head, said = minting.header(alg="EdDSA"), _claims(dice)
    for _ in range(dice.randint(1, 3)):
        part = head if dice.random() < 0.35 else said
        name = dice.choice(NAMES)
        if dice.random() < 0.2:
            part.pop(name, None)
        else:
            part[name] = _value(dice, 3)
    return Shot(_mint(head, said if dice.random() < 0.97 else _value(dice, 3)), sound=True)


def _value(dice: random.Random, depth: int) -> Any:
    kind = dice.random()
    if depth == 0 or kind < 0.7:
        return dice.choice(SCALARS)
    if kind < 0.85:
        return [_value(dice, depth - 1) for _ in range(dice.randint(0, 3))]
    return {dice.choice(NAMES): _value(dice, depth - 1) for _ in range(dice.randint(0, 3))}


def _bent(dice: random.Random) -> Shot:
    """A sound token of which octets were changed, dropped, doubled or inserted."""
    sound = _sound(dice).token
    octets = bytearray(sound.encode() if isinstance(sound, str) else sound)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(octets))
        act = dice.randrange(4)
        if act == 0:
            octets[place] = dice.choice(LETTERS)
        elif act == 1:
            del octets[place : place + dice.randint(1, 9)]
        elif act == 2:
            octets.insert(place, dice.choice(LETTERS))
        else:
            octets.extend(octets[place : place + 20])
        if not octets:
            break
    text = bytes(octets)
    # The octets of a token as text: what a server makes of a header's octets.
    return Shot(text if dice.random() < 0.5 else text.decode("latin-1"), sound=text == str(sound).encode())


def _garbage(dice: random.Random) -> Shot:
    size = dice.choice((0, 1, 10, 100, 1000, 20_000)) if dice.random() < 0.2 else dice.randint(0, 60)
    octets = bytes(dice.choice(LETTERS) for _ in range(size)) if dice.random() < 0.5 else dice.randbytes(size)
    return Shot(octets if dice.random() < 0.5 else octets.decode("latin-1"), sound=False)

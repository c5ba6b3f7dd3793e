"""Compare keys between sets: one key in two places, and RSA keys that share a prime.

All keys in the inventory are compared, including unlisted ones: a key retired by one issuer and newly listed by
another is a finding too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import gmpy2

from seawall.keys.inventory.codes import KINDS, InventoryFinding
from seawall.keys.inventory.issuers import family
from seawall.keys.inventory.store import InventoryKey

MOST_MODULI: Final = 20_000
"""Moduli compared for shared primes; if there are more, the newest."""


def same_keys(keys: Iterable[InventoryKey], sources: Mapping[str, str]) -> Iterator[InventoryFinding]:
    """Yield a finding for each further set that lists a key of another issuer's set.

    `sources` are the sets of this run by name.
    """
    places: dict[str, list[InventoryKey]] = defaultdict(list)
    for key in keys:
        places[key.identity].append(key)
    for found in places.values():
        first, *others = sorted(found, key=lambda key: (key.first_seen, key.set_name))
        for key in others:
            if key.issuer is None or first.issuer is None:
                code = "same-key-two-sets"
            elif family(key.issuer) != family(first.issuer):
                code = "same-key-two-issuers"
            else:
                continue
            if key.set_name not in sources and first.set_name not in sources:
                continue  # neither set is part of this run
            whose = first.issuer or first.set_name
            state = "" if first.gone_since is None else ", where it is gone"
            yield _finding(sources, code, key, f"first seen with {whose}{state}")


def shared_primes(keys: Iterable[InventoryKey], sources: Mapping[str, str]) -> Iterator[InventoryFinding]:
    """Yield RSA keys whose modulus shares a prime with another's (Heninger et al., USENIX Security 2012)."""
    by_modulus: dict[int, InventoryKey] = {}
    for key in sorted(keys, key=lambda key: key.first_seen, reverse=True):
        # Moduli that are even or have small factors share those with each other; they have their own finding.
        if key.modulus is not None and key.modulus > 1 and key.modulus % 2 and len(by_modulus) < MOST_MODULI:
            by_modulus.setdefault(key.modulus, key)
    moduli = list(by_modulus)
    for modulus, divisor in zip(moduli, common_divisors(moduli), strict=True):
        if divisor.bit_length() > 64:
            partner = next(
                (other for other in moduli if other != modulus and gmpy2.gcd(other, modulus) > 1), None
            )
            if by_modulus[modulus].set_name not in sources and (
                partner is None or by_modulus[partner].set_name not in sources
            ):
                continue
            words = f"with {by_modulus[partner].thumbprint}" if partner is not None else ""
            yield _finding(sources, "shared-prime", by_modulus[modulus], words)


def common_divisors(numbers: Sequence[int]) -> list[int]:
    """Return each number's greatest common divisor with the product of the others (Bernstein's batch method)."""
    if not numbers:
        return []
    levels = [[gmpy2.mpz(number) for number in numbers]]
    while len(levels[-1]) > 1:
        last = levels[-1]
        levels.append(
            [last[i] * last[i + 1] if i + 1 < len(last) else last[i] for i in range(0, len(last), 2)]
        )
    remainders = levels.pop()
    while levels:
        level = levels.pop()
        remainders = [remainders[i // 2] % (number * number) for i, number in enumerate(level)]
    if len(numbers) == 1:
        return [1]
    return [
        int(gmpy2.gcd(remainder // number, number))
        for remainder, number in zip(remainders, map(gmpy2.mpz, numbers), strict=True)
    ]


def _finding(sources: Mapping[str, str], code: str, key: InventoryKey, detail: str) -> InventoryFinding:
    return InventoryFinding(
        KINDS[code],
        sources.get(key.set_name, key.set_name),
        detail,
        issuer=key.issuer,
        kid=key.kid,
        thumbprint=key.thumbprint,
    )

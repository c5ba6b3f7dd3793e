"""Compare the checks of RSA keys with gmpy2 and with plain Python integers: docs/decisions/0032-token-kit-dependencies.md.

    python bench/key_fitness.py [--json]

For each size, prints the processor time of all checks, the least of several runs in turns. Then prints how long another
thread waits meanwhile. Last come the costs of reading a set of six ordinary keys, and of the largest set of hostile keys.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import threading
import time
from collections.abc import Callable

import gmpy2
from cryptography.hazmat.primitives.asymmetric import rsa

from seawall_tokens.jose import base64url, fitness
from seawall_tokens.jose.key_set import MOST_KEYS, read_key_set

SIZES = (2048, 3072, 4096)
ROUNDS = 5
SET_SIZE = 6
_SQUARES = [(m, frozenset(x * x % m for x in range(m))) for m in (64, 63, 65, 11)]
_PRODUCT = math.prod(fitness._primes_below(fitness.SMALL_PRIMES_BELOW))


def plain_codes(modulus: int) -> list[str]:
    """Return the codes that `fitness` finds for an odd modulus of up to 4,096 bits, without gmpy2."""
    if pow(2, modulus - 1, modulus) == 1:
        return ["rsa-prime"]
    codes = []
    if math.gcd(modulus, _PRODUCT % modulus) != 1:
        codes.append("rsa-small-factor")
    if plain_close_primes(modulus):
        codes.append("rsa-close-primes")
    if fitness.has_roca_form(modulus):
        codes.append("rsa-roca")
    return codes


def plain_close_primes(modulus: int) -> bool:
    """Return whether Fermat's method finds close primes, in plain integers. Residues come first: few numbers can be
    squares.
    """
    root = math.isqrt(modulus)
    root += root * root < modulus
    square = root * root - modulus
    for _ in range(fitness.FERMAT_ROUNDS):
        if all(square % m in squares for m, squares in _SQUARES) and math.isqrt(square) ** 2 == square:
            return root - math.isqrt(square) > 1
        square += 2 * root + 1
        root += 1
    return False


def milliseconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the least processor time of each call in milliseconds, measured in turns."""
    found = dict.fromkeys(calls, math.inf)
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.process_time()
            call()
            found[name] = min(found[name], (time.process_time() - start) * 1e3)
    return found


def longest_wait(work: Callable[[], object]) -> float:
    """Return how many milliseconds a thread that only reads the clock was held up while `work` ran."""
    longest, done = 0.0, threading.Event()

    def look() -> None:
        nonlocal longest
        before = time.perf_counter()
        while not done.is_set():
            now = time.perf_counter()
            longest, before = max(longest, now - before), now

    watcher = threading.Thread(target=look)
    watcher.start()
    work()
    done.set()
    watcher.join()
    return longest * 1e3


def checks_of(moduli: list[int]) -> dict[str, Callable[[], object]]:
    """Return the checks of these moduli in both implementations."""
    wide = [gmpy2.mpz(modulus) for modulus in moduli]
    return {
        "gmpy2": lambda: [fitness._factor_codes(modulus) for modulus in wide],
        "plain": lambda: [plain_codes(modulus) for modulus in moduli],
    }


def key_set(moduli: list[int]) -> bytes:
    """Return a key set document with these moduli."""
    keys = [
        {
            "kty": "RSA",
            "kid": str(number),
            "e": "AQAB",
            "n": base64url.encode(n.to_bytes((n.bit_length() + 7) // 8)),
        }
        for number, n in enumerate(moduli)
    ]
    return json.dumps({"keys": keys}).encode()


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    figures: dict[str, dict[str, float]] = {}
    for bits in SIZES:
        modulus = rsa.generate_private_key(65537, bits).public_key().public_numbers().n
        assert plain_codes(modulus) == fitness._factor_codes(gmpy2.mpz(modulus)) == []
        found = milliseconds(checks_of([modulus]))
        figures[f"RSA {bits}, ms"] = found
    figures[f"longest wait of another thread, RSA {SIZES[-1]}, ms"] = {
        name: longest_wait(call) for name, call in checks_of([modulus]).items()
    }
    figures[f"a hostile set of {MOST_KEYS} keys, RSA {SIZES[-1]}, s"] = {
        name: value * MOST_KEYS / 1e3 for name, value in found.items()
    }
    moduli = [rsa.generate_private_key(65537, 2048).public_key().public_numbers().n for _ in range(SET_SIZE)]
    document = key_set(moduli)

    def read() -> None:
        fitness._rsa_codes.cache_clear()
        assert len(read_key_set(document).keys) == SET_SIZE

    read_once = milliseconds({"gmpy2": read})["gmpy2"]
    checks = milliseconds(checks_of(moduli))
    figures[f"reading a set of {SET_SIZE} keys of 2048 bits, ms"] = {
        "gmpy2": read_once,
        "plain": read_once - checks["gmpy2"] + checks["plain"],
    }
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        for title, values in figures.items():
            print(f"{title}: " + ", ".join(f"{name} {value:.2f}" for name, value in values.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Seeded random numbers that are cheap per draw: blocks of numpy's numbers, used one at a time."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
_BLOCK = 8192


class SeededRandom:
    """A stream of random draws; equal seeds give equal streams, independent of other streams."""

    __slots__ = ("_hex", "_hex_at", "_left", "generator")

    def __init__(self, *seed: int) -> None:
        self.generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(seed))))
        self._left: list[float] = []
        self._hex = ""
        self._hex_at = 0

    def uniform(self) -> float:
        """Return a number in [0, 1)."""
        try:
            return self._left.pop()
        except IndexError:
            return self._refill()

    def _refill(self) -> float:
        self._left[:] = self.generator.random(_BLOCK).tolist()
        return self._left.pop()

    def between(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.uniform()

    def log_between(self, low: float, high: float) -> float:
        """Return a number in [low, high), uniform in its logarithm."""
        return math.exp(self.between(math.log(low), math.log(high)))

    def chance(self, probability: float) -> bool:
        """Return true with the given probability."""
        try:  # inlined, like `below` and `pick`: these three are most of the calls
            return self._left.pop() < probability
        except IndexError:
            return self._refill() < probability

    def below(self, bound: int) -> int:
        """Return an integer in [0, bound)."""
        try:
            return int(self._left.pop() * bound)
        except IndexError:
            return int(self._refill() * bound)

    def count(self, low: int, high: int) -> int:
        """Return an integer in [low, high], both included."""
        return low + int(self.uniform() * (high - low + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        try:
            return items[int(self._left.pop() * len(items))]
        except IndexError:
            return items[int(self._refill() * len(items))]

    def pick_weighted(self, items: Sequence[tuple[Item, float]]) -> Item:
        """Return one of the (item, weight) pairs' items."""
        left = self.uniform() * sum(weight for _, weight in items)
        for item, weight in items:
            left -= weight
            if left < 0:
                return item
        return items[-1][0]

    def sample(self, items: Sequence[Item], size: int) -> list[Item]:
        """Return up to `size` different items, in random order."""
        pool = list(items)
        chosen = []
        for _ in range(min(size, len(pool))):
            place = self.below(len(pool))
            chosen.append(pool[place])
            pool[place] = pool[-1]
            pool.pop()
        return chosen

    def poisson(self, mean: float) -> int:
        """Return a Poisson count."""
        if mean > 12:
            return max(0, round(self.normal(mean, math.sqrt(mean))))
        limit, product, drawn = math.exp(-mean), self.uniform(), 0
        while product > limit:
            drawn += 1
            product *= self.uniform()
        return drawn

    def normal(self, mean: float, deviation: float) -> float:
        """Return a normal number."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.uniform()))
        return mean + deviation * radius * math.cos(2.0 * math.pi * self.uniform())

    def exponential(self, mean: float) -> float:
        """Return an exponential waiting time."""
        return -mean * math.log(1.0 - self.uniform())

    def hexadecimal(self, digits: int) -> str:
        """Return that many lower-case hexadecimal digits."""
        if self._hex_at + digits > len(self._hex):
            self._hex, self._hex_at = self.generator.bytes(65536).hex(), 0
        self._hex_at += digits
        return self._hex[self._hex_at - digits : self._hex_at]

    def guid(self) -> str:
        """Return a random (version 4) GUID in lower case."""
        h = self.hexadecimal(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"

    def token(self, size: int = 22) -> str:
        """Return a URL-safe identifier of `size` characters, as unique token identifiers are."""
        raw = bytes.fromhex(self.hexadecimal(2 * size))
        return base64.urlsafe_b64encode(raw).decode("ascii")[:size]

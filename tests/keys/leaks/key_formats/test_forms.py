"""Every form of every kind of key is found, wherever it lies, and told apart from what is no private key."""

from __future__ import annotations

import random

import pytest

from seawall.keys.leaks.scanning.search import Searcher
from tests.every import check_every
from tests.keys.leaks import planting

KINDS = ["RSA-1024", "RSA-2048", "RSA-4096", "P-256", "P-384", "P-521", "Ed25519", "Ed448", "X25519", "DSA"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_is_found_in_random_bytes(searcher: Searcher, kind: str) -> None:
    def is_found(sample: planting.Sample) -> None:
        dice = random.Random(f"{kind}{sample.expected}")
        before, after = dice.randbytes(dice.randrange(1, 5_000)), dice.randbytes(1_000)
        hits = searcher.search(before + sample.content + after)
        assert [(hit.form, hit.thumbprint) for hit in hits] == [(sample.expected, sample.thumbprint)]
        assert hits[0].offset == len(before)

    check_every(planting.samples(planting.make(kind)), is_found, name=lambda sample: sample.expected)

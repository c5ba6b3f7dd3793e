"""Make the pseudonym of a name: `person K7Q2-M4XD`, from a keyed hash with the installation's key. Pure."""

from __future__ import annotations

import hmac
import re
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O and U, which are mistaken for other characters."""

_CODE: Final = f"[{_ALPHABET}]{{4}}-[{_ALPHABET}]{{4}}"
PSEUDONYM: Final = re.compile(rf"\bperson[ +]({_CODE})(?![\w-])", re.IGNORECASE)
"""A pseudonym in a text; the group is its code, without regard to case."""


class Pseudonyms:
    """Make pseudonyms with a key of this installation. Names that differ in case alone have one pseudonym.

    A code has 40 bits: among 100,000 names, two have the same code with a chance of one in 200.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"seawall pseudonyms", "sha256")

    def code_of(self, name: str) -> str:
        """Return the code of a name, as `K7Q2-M4XD`."""
        text = name.casefold().encode("utf-8", "surrogatepass")
        number = int.from_bytes(hmac.digest(self._key, text, "sha256")[:5], "big")
        letters = "".join(_ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))
        return f"{letters[:4]}-{letters[4:]}"

    def pseudonym_of(self, name: str) -> str:
        """Return the pseudonym of a name, as `person K7Q2-M4XD`."""
        return f"person {self.code_of(name)}"

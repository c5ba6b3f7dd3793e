"""A link that signs in once: its code, and that it was used."""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass, field
from typing import Final

PATH: Final = "/enter"
"""The path of the link below the console's address."""


def _make_code() -> str:
    return secrets.token_urlsafe(32)


@dataclass(slots=True)
class OneTimeLink:
    """A code that signs in once. Safe for use from several threads."""

    code: str = field(default_factory=_make_code, repr=False)
    _is_used: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take(self, given: str) -> bool:
        """Return whether the code is right and was not used before, and use it."""
        is_right = hmac.compare_digest(given.encode("utf-8", "replace"), self.code.encode("ascii"))
        with self._lock:
            is_first, self._is_used = not self._is_used, self._is_used or is_right
        return is_right and is_first

    def path(self) -> str:
        """Return the address below that of the console."""
        return f"{PATH.removeprefix('/')}?code={self.code}"

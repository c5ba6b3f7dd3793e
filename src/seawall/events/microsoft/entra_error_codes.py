"""Recognise Entra error numbers (AADSTS) of sign-ins that are not decided yet."""

from __future__ import annotations

from seawall.events.microsoft.entra_results import NAMES, numbers

_INTERRUPTED = frozenset(map(int, numbers("interrupted")))
INTERRUPTED_NAMES = frozenset({
    *(name for name, number in NAMES.items() if int(number) in _INTERRUPTED), "UserConsentRequired",
})  # fmt: skip
"""Microsoft's names of these results, which the unified audit log uses; the last one is not in Microsoft's list."""


def is_interrupted(code: str | None) -> bool:
    """Return whether an error number is a prompt (MFA, consent, choice of account) and no refusal."""
    return code is not None and code.isascii() and code.isdigit() and int(code[:12]) in _INTERRUPTED

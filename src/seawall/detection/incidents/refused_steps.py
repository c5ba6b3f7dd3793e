"""List the first steps after attempts that gained nothing. Light, so that reports can recognise them."""

from __future__ import annotations

REFUSED_STEPS = (
    "Check that no sign-in succeeded from these networks on other days, and block the networks if they are not the owner's.",
    "Ask the owner whether a device of theirs keeps an old password.",
    "Unlock the account if it is locked, and set a new password if the present one may be known.",
)
"""First steps for an analyst after attempts that gained nothing."""

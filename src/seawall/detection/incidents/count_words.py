"""Say on how many days an account showed a value, and how many peers show it; too little to count is said in words."""

from __future__ import annotations

from seawall_base.plurals import plural

NO_HISTORY = "no earlier active day to compare with"
NO_PEERS = "no peers to compare with"
LITTLE_HISTORY = 3
"""Active days below which hardly anything can be called unusual for an account."""


def describe_days(seen: float, active: float) -> str:
    """Return `seen on 0 of 7 active days`, or in words that there is one earlier day at most. Counts of days are fractions."""
    days = round(active)
    if days < 1:
        return NO_HISTORY
    found = min(max(round(seen), 0), days)
    if days == 1:
        return f"{'seen' if found else 'not seen'} on its only earlier active day"
    return f"seen on {found:,} of {days:,} active days"


def describe_peers(having: int, peers: int) -> str:
    """Return `0 of 16 peers use it`, or in words that there is one peer at most."""
    if peers < 1:
        return NO_PEERS
    found = min(max(having, 0), peers)
    if peers == 1:
        return "its only peer uses it" if found else "its only peer does not use it"
    return f"{found:,} of {plural(peers, 'peer')} use it"


def describe_history(active: float) -> str:
    """Return a sentence if too few earlier days of an account are known to call anything unusual for it, else ""."""
    days = round(active)
    if days >= LITTLE_HISTORY:
        return ""
    if days < 1:
        return "Too little history: no earlier active day of the account is known, so all is new to it."
    known = "one earlier active day" if days == 1 else f"{days} earlier active days"
    return f"Too little history: only {known} of the account {'is' if days == 1 else 'are'} known, so much is new to it."

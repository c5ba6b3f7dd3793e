"""Format times and addresses as exports do."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.style import OrganisationStyle


@functools.lru_cache(maxsize=4096)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * 86400, UTC).strftime("%Y-%m-%d")


def seconds(time: float) -> str:
    """Return a time as 2024-05-01T08:30:00."""
    day, left = divmod(int(time), 86400)
    return f"{_day(day)}T{_CLOCK[left // 60]}{_TWO[left % 60]}"


_TWO = tuple(f"{number:02d}" for number in range(60))
_CLOCK = tuple(f"{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60))


def fraction(time: float) -> str:
    """Return a time as 2024-05-01T08:30:00.1234567Z."""
    return f"{seconds(time)}.{int((time % 1) * 1e7):07d}Z"


def spell_text(client_address: str, style: OrganisationStyle, dice: SeededRandom) -> str:
    """Return an address as some service would write it: with a port, in brackets, as IPv4 in IPv6, or empty."""
    if not client_address:
        return ""
    drawn = dice.uniform()
    if drawn < style.empty_share:
        return ""
    is_v6 = ":" in client_address
    if drawn < style.empty_share + style.mapped_share:
        return client_address if is_v6 else f"::ffff:{client_address}"
    if dice.chance(style.port_share * 0.5):
        port = 1024 + dice.below(60000)
        return f"[{client_address}]:{port}" if is_v6 or dice.chance(0.1) else f"{client_address}:{port}"
    return client_address

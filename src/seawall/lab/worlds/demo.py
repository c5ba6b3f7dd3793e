"""Settings of the world of `seawall demo`."""

from __future__ import annotations

from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.world_settings import WorldSettings

_LIVELY = (
    "forged_token",
    "aitm_phishing",
    "bec_forwarding",
    "consent_phishing",
    "mfa_fatigue",
    "service_credential",
    "legacy_sync",
    "token_replay",
    "delegate_abuse",
    "password_spray",
)


def demo_settings(seed: int) -> WorldSettings:
    """Return settings of a small organisation with five or six attacks, which is made within seconds."""
    dice = SeededRandom(seed, 9)
    families = ("forged_token", *dice.sample(_LIVELY[1:], 4 + dice.below(2)))
    return WorldSettings(
        seed, accounts=60 + dice.below(50), days=35, attacks=len(families), families=families, density=0.8
    )

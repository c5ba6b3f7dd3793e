"""The rarer acts of an ordinary day, and how often each occurs."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.routine.accounts import consent, method_change, password_reset, rotate_key
from seawall.lab.worlds.routine.administration import administer, odd_administration, provider_noise
from seawall.lab.worlds.routine.broad_chores import do_broad_chores, scale_chore
from seawall.lab.worlds.routine.mailboxes import delegate, folder_permission, forwarding, mailbox_rule
from seawall.lab.worlds.routine.signing_in import (
    denied_prompt,
    device_code,
    failed_sign_in,
    guest_access,
    legacy_use,
    own_script,
    spray,
)


def do_chores(diary: ActivityLog, day: int) -> None:
    """Add a day's rarer acts of an organisation."""
    style, size = diary.tenant.style, len(diary.tenant.people)
    rates: tuple[tuple[float, Callable[[ActivityLog, int], None]], ...] = (
        (style.failure_rate, failed_sign_in),
        (style.prompt_denial_rate, denied_prompt),
        (style.rule_rate, mailbox_rule),
        (style.forwarding_rate, forwarding),
        (style.consent_rate, consent),
        (style.delegate_rate, delegate),
        (style.helpdesk_rate, password_reset),
        (style.mfa_change_rate, method_change),
        (style.rule_rate, administer),
        (style.noise_rate, provider_noise),
        (style.developer_share * 0.05, own_script),
        (0.0006, folder_permission),
        (0.0003, rotate_key),
        (0.0003, odd_administration),
        (0.0014, device_code),
        (0.0006, guest_access),
        (0.0005, legacy_use),
    )
    habits = diary.tenant.habits
    for rate, chore in rates:
        scale = scale_chore(habits, chore.__name__, diary, day)
        for _ in range(diary.dice.poisson(rate * size * scale)):
            chore(diary, day)
    if diary.dice.chance(min(0.9, style.spray_rate)):
        spray(diary, day)
    if habits.is_broad:
        do_broad_chores(diary, day)

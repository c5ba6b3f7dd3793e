"""Entra error numbers (AADSTS) that mean a sign-in is not decided yet."""

from __future__ import annotations

_INTERRUPTED = frozenset({
    16000, 16001, 50055, 50058, 50059, 50072, 50074, 50076, 50079, 50097, 50125, 50127, 50129, 50140, 50143,
    50144, 50158, 50187, 50199, 50203, 50206, 51006, 52004, 65001, 70044, 81010, 81012, 81014, 90094, 90095,
    9002341,
})  # fmt: skip
INTERRUPTED_NAMES = frozenset({
    "UserStrongAuthClientAuthNRequiredInterrupt", "UserStrongAuthClientAuthNRequired",
    "UserStrongAuthEnrollmentRequiredInterrupt", "UserStrongAuthEnrollmentRequired",
    "DeviceAuthenticationRequired",
    "InteractionRequired", "KmsiInterrupt", "SsoUserAccountNotFoundInResourceTenant",
    "UserInformationNotProvided",
    "PasswordResetRegistrationRequiredInterrupt", "DelegationDoesNotExist", "CmsiInterrupt",
    "UserConsentRequired",
})  # fmt: skip


def is_interrupted(code: str | None) -> bool:
    """Whether an error number is a prompt (MFA, consent, choice of account) and no refusal."""
    return code is not None and code.isascii() and code.isdigit() and int(code[:12]) in _INTERRUPTED

"""Define sign-in methods: their names and their strength.

Levels are authenticator assurance levels of NIST SP 800-63B: 1 single factor, 2 two factors, 3 two factors with a
phishing-resistant hardware key. `aal` is the highest level that a method can reach; only its name tells whether a key is in
hardware. E-mail is no second factor in that standard; text messages and calls are restricted ones.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """Describe a sign-in method.

    - `second`: it is a second factor besides a password.
    - `alone`: it is two factors by itself.
    - `resistant`: an adversary in the middle cannot relay it.
    """

    name: str
    words: str
    aal: int
    second: bool = False
    alone: bool = False
    resistant: bool = False
    weak: bool = False


METHODS = {
    method.name: method
    for method in (
        Method("password", "password", 1),
        Method("sms", "text message", 2, second=True, weak=True),
        Method("voice", "phone call", 2, second=True, weak=True),
        Method("email", "code by e-mail", 1, weak=True),
        Method("question", "security question", 1, weak=True),
        Method("push", "prompt in an authenticator app", 2, second=True),
        Method("otp", "one-time code", 2, second=True),
        Method("hardware_otp", "one-time code from a device", 2, second=True),
        Method("backup_code", "backup code", 2, second=True, weak=True),
        Method("passwordless_app", "sign-in with an authenticator app, without a password", 2, alone=True),
        Method("app_password", "app password", 1, weak=True),
        Method("tap", "Temporary Access Pass", 2, alone=True, weak=True),
        Method("qr_pin", "QR code and PIN", 1, weak=True),
        Method("second_factor", "second factor, not said which", 2, second=True),
        Method("external", "method of another provider", 2, second=True),
        Method("passkey_synced", "passkey that is synchronised", 2, alone=True, resistant=True),
        Method("passkey", "passkey", 2, alone=True, resistant=True),
        Method("security_key", "security key", 3, second=True, alone=True, resistant=True),
        Method("passkey_device", "passkey bound to a device", 3, alone=True, resistant=True),
        Method("hello", "Windows Hello for Business", 3, alone=True, resistant=True),
        Method("platform", "platform credential", 3, alone=True, resistant=True),
        Method("certificate", "certificate", 3, alone=True, resistant=True),
    )
}


def is_second_factor(names: tuple[str, ...]) -> bool:
    """Return whether an account with these methods has more than a single factor."""
    return any(METHODS[name].second or METHODS[name].alone for name in names)


def has_resistant(names: tuple[str, ...]) -> bool:
    """Return whether one of the methods is phishing-resistant."""
    return any(METHODS[name].resistant for name in names)

"""Failures of scope, containment, notification and signals."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class SignalsInvalid(SeawallError):
    """The settings, the signing key or the outbox of signals are missing, open to others, or make no sense."""

    code = "signals-invalid"
    exit_code = 2


class CaseInvalid(SeawallError):
    """The case file of a notification is missing, is not TOML, or some of what it says makes no sense."""

    code = "case-invalid"
    exit_code = 2


class RegisterBroken(SeawallError):
    """The register of who was told was changed, is damaged, or cannot be read: nothing is sent on its word."""

    code = "register-broken"


class RegisterInUse(SeawallError):
    """Another run writes to the register of this case."""

    code = "register-in-use"


class LettersChanged(SeawallError):
    """The letters are not those that were drafted and approved: nothing was sent."""

    code = "letters-changed"
    exit_code = 2


class PlanInvalid(SeawallError):
    """A containment plan is damaged or of another version, or a name from the logs cannot be part of a call."""

    code = "plan-invalid"
    exit_code = 3


class RespondInvalid(SeawallError):
    """The settings of who asks the vendors make no sense, or name nobody for a vendor that a plan needs."""

    code = "respond-invalid"
    exit_code = 2


class JournalBroken(SeawallError):
    """The journal of a containment was changed or damaged, or is another plan's: nothing was done."""

    code = "journal-broken"


class JournalBusy(SeawallError):
    """Another process applies or undoes this containment just now."""

    code = "journal-busy"

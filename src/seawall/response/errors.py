"""Failures of scope, containment, notification and signals."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class SignalsInvalid(SeawallError):
    """The settings, signing key or outbox of signals are missing, readable by others, or invalid."""

    code = "signals-invalid"
    exit_code = 2


class CaseInvalid(SeawallError):
    """The case file of a notification is missing, not TOML, or invalid."""

    code = "case-invalid"
    exit_code = 2


class RegisterBroken(SeawallError):
    """The register of notifications was changed, is damaged, or is unreadable; nothing is sent on its basis."""

    code = "register-broken"


class RegisterInUse(SeawallError):
    """Another process is writing to the register of this case."""

    code = "register-in-use"


class LettersChanged(SeawallError):
    """The letters differ from those drafted and approved; nothing was sent."""

    code = "letters-changed"
    exit_code = 2


class PlanInvalid(SeawallError):
    """A containment plan is damaged or of another version, or a name from the logs cannot be put into a call."""

    code = "plan-invalid"
    exit_code = 3


class ChannelsInvalid(SeawallError):
    """The settings of channels are invalid, or a secret that they name is missing or readable by others."""

    code = "channels-invalid"
    exit_code = 2


class RespondInvalid(SeawallError):
    """The settings of vendor access are invalid, or lack a vendor that a plan needs."""

    code = "respond-invalid"
    exit_code = 2


class JournalBroken(SeawallError):
    """The journal of a containment was changed, is damaged, or is another plan's; nothing was done."""

    code = "journal-broken"


class JournalBusy(SeawallError):
    """Another process is applying or undoing this containment."""

    code = "journal-busy"


class ExchangeInvalid(SeawallError):
    """The group's key or the access to a TAXII server is missing, readable by others, or invalid."""

    code = "exchange-invalid"
    exit_code = 2


class ExchangeRefused(SeawallError):
    """An object was to leave that is no released indicator. Nothing was sent."""

    code = "exchange-refused"


class ExchangeFailed(SeawallError):
    """A TAXII server did not answer, refused, or answered with something that is no TAXII."""

    code = "exchange-failed"

"""Define the errors that several rooms raise, each with one stable code. A room's own errors are in its `errors` module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seawall_base.installing import describe_install
from seawall_base.program_name import name_program


class SeawallError(Exception):
    """Be the base class of all errors of Seawall: a message that names the fault and its place, and the fix.

    `code` is stable and scripts may rely on it. `exit_code` is the exit status of the command line. `details` holds the
    single lines of a message that has several.
    """

    code = "error"
    exit_code = 1

    def __init__(self, message: str, *, fix: str = "", details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.details = tuple(details)

    @property
    def fix(self) -> str:
        """Return what to do, with commands as they can be typed."""
        return name_program(self._fix)

    @fix.setter
    def fix(self, fix: str) -> None:
        self._fix = fix

    @classmethod
    def kinds(cls) -> Iterator[type[SeawallError]]:
        """Yield every subclass in the modules imported so far, each after its parent class."""
        for kind in cls.__subclasses__():
            yield kind
            yield from kind.kinds()


class UsageError(SeawallError):
    """An option has an impossible value, or options contradict each other."""

    code = "usage"
    exit_code = 2


class InputUnreadable(SeawallError):
    """No part of the given input could be read."""

    code = "input-unreadable"
    exit_code = 3


class OutputUnwritable(SeawallError):
    """The output folder, an output file or standard output cannot be written."""

    code = "output-unwritable"


class ArtefactInvalid(SeawallError):
    """A data file that Seawall ships with or is configured to use (network table, ranker) is missing or damaged."""

    code = "artefact-invalid"


class MissingExtra(SeawallError):
    """The command needs optional packages that are not installed. `extra` names the extra that brings them."""

    code = "missing-extra"

    def __init__(self, message: str, *, extra: str) -> None:
        super().__init__(message, fix=describe_install(extra))
        self.extra = extra


class SystemUnsupported(SeawallError):
    """The command needs something that this operating system does not offer, such as file locks."""

    code = "system-unsupported"


class StoreBroken(SeawallError):
    """The store of revocations is missing, damaged, locked or unreadable, so no token may be accepted."""

    code = "store-broken"


class PolicyInvalid(SeawallError):
    """The policy file is missing, is not TOML, or contains invalid settings."""

    code = "policy-invalid"
    exit_code = 2


class DatabaseInUse(SeawallError):
    """Another program is writing to the database or has locked it."""

    code = "database-in-use"


class CollectInvalid(SeawallError):
    """A collector has invalid settings, or its secret is missing or readable by other users."""

    code = "collect-invalid"
    exit_code = 2

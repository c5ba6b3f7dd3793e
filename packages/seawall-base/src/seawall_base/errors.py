"""The failures that every room may report. Each has one class and one stable code; those of one room lie in its `errors`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class SeawallError(Exception):
    """Base of all errors: a message that says what, where and the fix.

    `code` is stable and part of the interface; `exit_code` is what the command line returns for it. `details` are the
    lines of a message that has several.
    """

    code = "error"
    exit_code = 1

    def __init__(self, message: str, *, fix: str = "", details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.details = tuple(details)

    @classmethod
    def kinds(cls) -> Iterator[type[SeawallError]]:
        """Yield every class of error of the modules that are imported, each after the class that it is made from."""
        for kind in cls.__subclasses__():
            yield kind
            yield from kind.kinds()


class UsageError(SeawallError):
    """The call itself makes no sense (an impossible option value)."""

    code = "usage"
    exit_code = 2


class InputUnreadable(SeawallError):
    """Nothing of the given input could be read."""

    code = "input-unreadable"
    exit_code = 3


class OutputUnwritable(SeawallError):
    """The output folder, an output file or the standard output cannot be written."""

    code = "output-unwritable"


class ArtefactInvalid(SeawallError):
    """A file that ships with or was configured for Seawall (network table, ranker) is missing or broken."""

    code = "artefact-invalid"


class MissingExtra(SeawallError):
    """The verb needs optional packages that are not installed."""

    code = "missing-extra"


class StoreBroken(SeawallError):
    """The store of revocations is missing, damaged, locked or not to be read: nothing may be accepted."""

    code = "store-broken"


class PolicyInvalid(SeawallError):
    """The policy file is missing, is not TOML, or some of its settings make no sense."""

    code = "policy-invalid"
    exit_code = 2


class DatabaseInUse(SeawallError):
    """Another program writes to the database, or holds it locked."""

    code = "database-in-use"


class CollectInvalid(SeawallError):
    """The settings of a collector make no sense, or a secret is missing, or can be read by others."""

    code = "collect-invalid"
    exit_code = 2

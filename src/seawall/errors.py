"""Every failure that Seawall reports has one class and one stable code here."""

from __future__ import annotations

from collections.abc import Sequence


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


class RevocationInvalid(SeawallError):
    """A revocation that would revoke nothing, or something else than it says."""

    code = "revocation-invalid"
    exit_code = 2


class StoreBroken(SeawallError):
    """The store of revocations is missing, damaged, locked or not to be read: nothing may be accepted."""

    code = "store-broken"


class StoreRefused(SeawallError):
    """A folder is no store of this user: it is missing, a link, somebody else's, or holds other things."""

    code = "store-refused"


class LakeBroken(SeawallError):
    """The stored events are missing, damaged, in use, or written by another version."""

    code = "lake-broken"


class BackupInvalid(SeawallError):
    """A backup is not complete, was changed, or is none; nothing of it was restored."""

    code = "backup-invalid"
    exit_code = 3


class GateInvalid(SeawallError):
    """The settings of the gate in the policy file make no sense, or the gate cannot listen where it was told to."""

    code = "gate-invalid"
    exit_code = 2


class SignalsInvalid(SeawallError):
    """The settings, the signing key or the outbox of signals are missing, open to others, or make no sense."""

    code = "signals-invalid"
    exit_code = 2


class PolicyInvalid(SeawallError):
    """The policy file is missing, is not TOML, or some of its settings make no sense."""

    code = "policy-invalid"
    exit_code = 2


class LedgerBroken(SeawallError):
    """The ledger of keys is damaged, locked or something else; it was left as it is."""

    code = "ledger-broken"


class GateUnreachable(SeawallError):
    """The gate does not answer, or what answers is no gate."""

    code = "gate-unreachable"


class GateRefused(SeawallError):
    """The gate does not take orders from here: the wrong token, the wrong address, or it takes none."""

    code = "gate-refused"


class StateInvalid(SeawallError):
    """The kept state of detection is damaged, or was written by a version that detects otherwise."""

    code = "state-invalid"


class DatabaseAway(SeawallError):
    """The database cannot be reached, read or written just now: nothing of this step was kept."""

    code = "database-away"


class DatabaseBroken(SeawallError):
    """The database is damaged, or is not Seawall's; it was left as it is."""

    code = "database-broken"


class DatabaseInUse(SeawallError):
    """Another program writes to the database, or holds it locked."""

    code = "database-in-use"


class DatabaseNewer(SeawallError):
    """The database was written by a newer Seawall."""

    code = "database-newer"


class DatabaseNotMigrated(SeawallError):
    """The database is empty, or was written by an older Seawall and was not brought to this version yet."""

    code = "database-not-migrated"


class CheckpointInvalid(SeawallError):
    """What was kept of a followed file is damaged or of another version: where to go on reading cannot be told."""

    code = "checkpoint-invalid"


class WatchBusy(SeawallError):
    """The watch has no room for more records just now, or could not keep these in time; they may be sent again."""

    code = "watch-busy"


class KeyReused(SeawallError):
    """A request carries the key of another one, and another body: which of the two is meant cannot be told."""

    code = "key-reused"
    exit_code = 2


class WatchFailed(SeawallError):
    """The process that watches has ended, and does not come back by itself."""

    code = "watch-failed"


class ServeInvalid(SeawallError):
    """The settings of the console make no sense, or it cannot listen where it was told to."""

    code = "serve-invalid"
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


class CollectInvalid(SeawallError):
    """The settings of a collector make no sense, or a secret is missing, or can be read by others."""

    code = "collect-invalid"
    exit_code = 2


class CollectRefused(SeawallError):
    """A vendor does not let the collector in, or refuses what it asks: a wrong secret, a missing permission, a wrong tenant."""

    code = "collect-refused"


class CollectIncomplete(SeawallError):
    """Not everything that was asked could be fetched; the rest is asked again the next time."""

    code = "collect-incomplete"


class CollectionBroken(SeawallError):
    """The ledger of what was collected is missing, damaged, or of something else."""

    code = "collection-broken"

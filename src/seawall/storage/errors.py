"""Failures of what is kept on disk: the event lake, the database, backups."""

from __future__ import annotations

from seawall_base.errors import SeawallError


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


class DatabaseAway(SeawallError):
    """The database cannot be reached, read or written just now: nothing of this step was kept."""

    code = "database-away"


class DatabaseBroken(SeawallError):
    """The database is damaged, or is not Seawall's; it was left as it is."""

    code = "database-broken"


class DatabaseNewer(SeawallError):
    """The database was written by a newer Seawall."""

    code = "database-newer"


class DatabaseNotMigrated(SeawallError):
    """The database is empty, or was written by an older Seawall and was not brought to this version yet."""

    code = "database-not-migrated"

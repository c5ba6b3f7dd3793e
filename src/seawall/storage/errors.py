"""Errors of storage: the store's folder, event lake, database and backups."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class StoreRefused(SeawallError):
    """A folder is no store of this user: it is missing, a link, somebody else's, or holds other things."""

    code = "store-refused"


class LakeBroken(SeawallError):
    """The event lake is missing, damaged, in use, or written by another version."""

    code = "lake-broken"


class BackupInvalid(SeawallError):
    """A backup is incomplete, was changed, or is no backup; nothing of it was restored."""

    code = "backup-invalid"
    exit_code = 3


class DatabaseAway(SeawallError):
    """The database cannot be reached, read or written now; the current transaction was rolled back."""

    code = "database-away"


class LeaseLost(SeawallError):
    """Another worker of a group holds the partition; the current transaction was rolled back."""

    code = "lease-lost"


class DatabaseBroken(SeawallError):
    """The database is damaged, or is not Seawall's; its file was not changed."""

    code = "database-broken"


class DatabaseNewer(SeawallError):
    """The database was written by a newer version of Seawall."""

    code = "database-newer"


class DatabaseNotMigrated(SeawallError):
    """The database is empty, or an older version of Seawall wrote it and no migration ran yet."""

    code = "database-not-migrated"


class ChangedMeanwhile(SeawallError):
    """Somebody else changed the same thing since it was read; the change was not stored."""

    code = "changed-meanwhile"


class UpdateRefused(SeawallError):
    """An update is not signed by a trusted key, is damaged, older than the installed one, or holds what cannot be used."""

    code = "update-refused"


class OutsideOrganisations(SeawallError):
    """Something was asked of a store that cannot be narrowed to the organisations of whoever asks."""

    code = "outside-organisations"

"""Google Workspace records: activities of the Reports API for an act."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.organisation import Tenant
from seawall.lab.worlds.records import google_admin, google_mail, google_sign_ins
from seawall.lab.worlds.records.google_activity import Found
from seawall.lab.worlds.seeded_random import SeededRandom

_BY_KIND: dict[str, Callable[[Act, Tenant, SeededRandom], Iterator[Found]]] = {
    "sign_in": google_sign_ins.sign_in,
    "read": google_mail.reading,
    "item": google_mail.handling,
    "file": google_mail.file,
    "cmdlet": google_admin.setting,
    "directory": google_admin.directory,
    "identity": google_admin.identity,
    "other": google_admin.other,
}


def google_records(act: Act, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    """Yield (application, activity) for everything that Google Workspace logs of an act, possibly nothing."""
    write = _BY_KIND.get(act.kind)
    if write is not None:
        yield from write(act, tenant, dice)

"""A database of the first version becomes one of this version, with what was in it."""

from __future__ import annotations

import pytest

from seawall.storage.database import Database, QueueQuery
from seawall.storage.errors import DatabaseNotMigrated
from tests.storage.database.first_version import make_first_version
from tests.storage.database.test_incidents import incident

pytestmark = pytest.mark.usefixtures("_alembic_migrates")


@pytest.fixture
def first_version(place: str) -> str:
    make_first_version(place, 600)
    return place


def test_everything_is_still_there_and_in_the_queue(first_version: str) -> None:
    with pytest.raises(DatabaseNotMigrated, match=r"version 0001") as caught:
        Database.open(first_version)
    assert "seawall store migrate" in caught.value.fix
    migrated = Database.open(first_version, should_migrate=True)
    with migrated.reading() as work:
        assert work.incidents.count() == 600
        assert work.incidents.count(QueueQuery(raised=True, answered=False)) == 300
        assert [row.id for row in work.incidents.rows(QueueQuery(queue="answered"))] == [incident(3).id]
        found = work.incidents.get(incident(3).id)
        assert found is not None
        assert [reason.aspect for reason in found.reasons] == ["x"]
    with migrated.writing() as work:
        assert work.incidents.put([incident(0)]) == 0
        assert work.incidents.refill() == 0
        entry = work.audit.append(at=1, actor="a", action="b")
    assert entry.sequence == 1
    migrated.close()
    Database.open(first_version).close()


def test_a_migration_that_fails_changes_nothing(first_version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise RuntimeError

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):  # noqa: PT012
        patch.setattr("seawall.storage.database.incidents.Incidents.refill", fails)
        Database.open(first_version, should_migrate=True)
    with pytest.raises(DatabaseNotMigrated, match="version 0001"):
        Database.open(first_version)
    Database.open(first_version, should_migrate=True).close()

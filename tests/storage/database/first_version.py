"""A database as the first version left it."""

from __future__ import annotations

from typing import Any

from alembic import command
from sqlalchemy import text

from seawall.detection.incident import Incident
from seawall.storage.database.connection import engine_for, mark, prepare_file
from seawall.storage.database.incidents import _content, _plain, _row
from seawall.storage.database.migrate import _config
from seawall.storage.database.models import Model
from tests.storage.database.test_incidents import incident


def make_first_version(place: str, count: int) -> list[Incident]:
    """Make it, with incidents, the fourth of them answered with "safe" and with one reason."""
    engine, _, file = engine_for(place)
    if file is not None:
        prepare_file(file, create=True)
    put = [incident(number) for number in range(count)]
    with engine.begin() as connection:
        mark(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        rows: list[dict[str, Any]] = [_row(one, _plain(one), _content(one), 1) for one in put]
        connection.execute(Model.metadata.tables["incidents"].insert(), rows)
        columns = "incident, account_key, tenant, account, answer, scope, note, given_by, given_at"
        connection.execute(
            text(
                f"INSERT INTO feedback ({columns}) VALUES (:i, 'k', 't', 'a', 'safe', '{{}}', '', 'ann', 1)"
            ),
            {"i": put[3].id},
        )
        connection.execute(
            text("INSERT INTO reasons VALUES (:i, 0, 'rules', 'x', 'y', 1.0, '', '{}')"), {"i": put[3].id}
        )
    engine.dispose()
    return put

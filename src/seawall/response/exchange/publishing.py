"""Put released indicators into a store's own collection, for others to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from seawall.response.exchange.release import check_released
from seawall.response.export.stix_objects import Object
from seawall.storage.database import Database
from seawall.storage.database.exchange_collections import CollectionAddition, CollectionObject
from seawall_base.errors import UsageError
from seawall_base.json_text import encode_json
from seawall_base.rfc3339 import format_time
from seawall_base.times import DAY, parse_rfc3339

RELEASED: Final = "released"
"""The collection of what this installation passes on."""

ACTOR: Final = "local"


def publish_objects(database: Database, objects: Sequence[Object], now: int) -> CollectionAddition:
    """Add released objects to the collection, and note it in the audit trail. Raises `ExchangeRefused` for any other object."""
    for one in objects:
        check_released(one)
    rows = [
        CollectionObject(
            id=one["id"],
            version=one["modified"],
            version_time=parse_rfc3339(one["modified"]),
            text=encode_json(one, sort_keys=True).decode("utf-8"),
            by=ACTOR,
            end=parse_rfc3339(one["valid_until"]),
        )
        for one in objects
    ]
    with database.writing() as work:
        addition = work.collection_objects.add(RELEASED, rows, now)
        details = {"added": addition.added, "refused": len(addition.refused)}
        work.audit.append(
            at=now, actor=ACTOR, action="indicators-published", subject=RELEASED, details=details
        )
    return addition


def withdraw_object(database: Database, id_: str, now: int) -> None:
    """Add a version of a published object that takes it back, at `now` (microseconds). Raises `UsageError` for another id.

    The object stays, so that those who have it learn that it is taken back.
    """
    with database.writing() as work:
        held = [one for one in work.collection_objects.all(RELEASED) if one.id == id_]
        if not held:
            raise UsageError("no object of this id is published", fix="take the id from what was published")
        last = max(held, key=lambda one: one.version_time)
        document = msgspec.json.decode(last.text)
        if document.get("revoked"):
            return
        moment = max(now // DAY * DAY, last.version_time + DAY)
        version = format_time(moment)
        text = encode_json({**document, "revoked": True, "modified": version}, sort_keys=True).decode("utf-8")
        row = CollectionObject(id_, version, moment, text, ACTOR, None)
        work.collection_objects.add(RELEASED, [row], now)
        work.audit.append(at=now, actor=ACTOR, action="indicator-withdrawn", subject=id_, details={})

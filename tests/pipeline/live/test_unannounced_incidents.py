"""What was raised while much was unread is announced once everything is read, whatever was ranked in between."""

from __future__ import annotations

from typing import Any

from seawall.detection.incident import Incident
from seawall.pipeline.live.unannounced_incidents import UnannouncedIncidents
from tests.storage.database.test_incidents import incident


def raised(number: int, **more: Any) -> Incident:
    return incident(number, raised=True, **more)


def test_they_wait_until_their_organisation_is_ranked_again() -> None:
    waiting = UnannouncedIncidents()
    assert not waiting
    waiting.replace({"a"}, [raised(1, tenant="a", score=1.0), incident(2, tenant="a", raised=False)], ())
    waiting.replace({"b"}, [raised(3, tenant="b", score=2.0), raised(4, tenant="b")], {incident(4).id})
    waiting.replace({"c"}, [], ())  # a ranking in which nothing changed
    assert [one.id for one in waiting.all()] == [incident(3).id, incident(1).id]
    waiting.replace({"b"}, [], ())
    assert [one.id for one in waiting.all()] == [incident(1).id]
    waiting.forget([incident(1).id, "another"])
    assert not waiting

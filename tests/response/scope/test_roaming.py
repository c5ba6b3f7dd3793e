"""A telephone gets a new address of its provider: its owner's, on the word that the intruder comes from rented servers alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall_base.errors import UsageError
from tests.response.scope.story import HISTORY, THEIRS, at_home, days_at_home, mailbox, searched, theirs

CARRIER: dict[str, Any] = {"src_asn": 64777, "src_asn_name": "Carrier", "src_network_class": "mobile"}
DAYS = 4


def on_the_way(day: int, **columns: Any) -> dict[str, Any]:
    """A read of bob's by telephone, in another block of the carrier's every day."""
    place = {"src_ip": f"198.18.{day}.7", "src_prefix": f"198.18.{day}.0/24", "session_uid": f"way-{day}"}
    return {**at_home("bob", f"way-{day}", day, 400)[1], **CARRIER, **place, "client": "mail/rest", **columns}


def rows(*later: dict[str, Any], **intruder: Any) -> list[dict[str, Any]]:
    before = [on_the_way(day) for day in range(1, 1 + DAYS)]
    return [*days_at_home(), *before, theirs("evil-1", **intruder), *later]


def test_a_new_block_of_the_holders_carrier_is_clear_on_the_word_alone(tmp_path: Path) -> None:
    known = rows(on_the_way(HISTORY + 1))
    assert mailbox(searched(tmp_path, known), "bob").verdict == "possible"
    scope = searched(tmp_path, known, is_servers_only=True)
    assert scope.is_servers_only
    assert mailbox(scope, "bob").verdict == "not_touched"
    assert "1 of them from a new address block" in mailbox(scope, "bob").reasons[0]
    assert "vouches" in mailbox(scope, "bob").reasons[0]
    assert mailbox(scope, "ann").verdict == "touched"


@pytest.mark.parametrize(
    "otherwise",
    [
        {"client": "curl/rest"},
        {"app_uid": "other"},
        {"src_asn": 64778},
        {"src_network_class": "hosting"},
        {"account": "cara@x.example"},
    ],
    ids=lambda one: next(iter(one)),
)
def test_another_way_is_not(otherwise: dict[str, Any], tmp_path: Path) -> None:
    scope = searched(tmp_path, rows(on_the_way(HISTORY + 1, **otherwise)), is_servers_only=True)
    assert mailbox(scope, "bob").verdict == "possible"


def test_a_carrier_that_was_used_on_too_few_days_is_not(tmp_path: Path) -> None:
    few = [
        row
        for row in rows(on_the_way(HISTORY + 1))
        if row["metadata_uid"] not in ("way-1-read", "way-2-read")
    ]
    assert mailbox(searched(tmp_path, few, is_servers_only=True), "bob").verdict == "possible"


def test_the_carrier_of_something_open_is_not(tmp_path: Path) -> None:
    """A record there carries the session that the intruder stole: the carrier may be the intruder's as well."""
    stolen = theirs("evil-2", "bob", minute=200, session_uid="way-1")
    scope = searched(tmp_path, rows(on_the_way(HISTORY + 1), on_the_way(HISTORY + 2, session_uid="way-1"), stolen),
                     is_servers_only=True)  # fmt: skip
    assert any("intruder's or the owner's" in reason for reason in mailbox(scope, "bob").reasons)
    assert any("1 record of the span without anything" in reason for reason in mailbox(scope, "bob").reasons)


@pytest.mark.parametrize("kind", ["residential", "mobile", "corporate", None], ids=str)
def test_the_word_is_refused_where_the_intruders_records_say_otherwise(
    kind: str | None, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="AS64666"):
        searched(tmp_path, rows(**{**THEIRS, "src_network_class": kind}), is_servers_only=True)

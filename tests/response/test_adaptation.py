"""The intruder's return: found with whatever it changed, and not where only the owner, colleagues or the provider act."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from seawall.events.event import ENRICHED_SCHEMA
from seawall.response.adaptation import DAY, read_containment, search_for_return
from seawall.response.containment.evidence import EvidenceCollector, collect_evidence
from seawall.response.containment.values import Containment, IntruderIndicators, IntruderReturn

START = 1_780_000_000_000_000
HOUR = 3_600_000_000
ANN, BOB = "ann@example.org", "bob@example.org"
HOME: dict[str, Any] = {
    "src_ip": "192.0.2.1", "src_prefix": "192.0.2.0/24", "src_asn": 64500, "app_uid": "outlook", "client": "outlook/mapi",
    "activity_name": "MailItemsAccessed",
}  # fmt: skip
EVIL: dict[str, Any] = {
    "src_ip": "198.51.100.7", "src_prefix": "198.51.100.0/24", "src_asn": 64666, "app_uid": "evil-app", "client": "python/rest",
    "activity_name": "MailItemsAccessed", "session_uid": "stolen", "token_uid": "t1",
}  # fmt: skip
NEW_NETWORK = {"src_ip": "203.0.113.9", "src_prefix": "203.0.113.0/24", "src_asn": 64999}


def event(number: int, account: str, time: int, **columns: Any) -> dict[str, Any]:
    return {
        **dict.fromkeys(ENRICHED_SCHEMA.names), "metadata_uid": f"r{number}", "org_uid": "org", "account": account,
        "source": "m365_audit", "kind": "mail_access", "status": "success",
        "time": datetime.fromtimestamp(time / 1e6, UTC), **columns,
    }  # fmt: skip


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=ENRICHED_SCHEMA)


def before() -> list[dict[str, Any]]:
    """Two weeks in which Ann and twenty colleagues work, and a day in which the intruder reads Ann's mail."""
    rows = [event(n, ANN, START + n * 12 * HOUR, **HOME) for n in range(28)]
    rows += [event(100 + n, f"person{n}@example.org", START + n * HOUR, **HOME) for n in range(20)]
    rows += [event(200 + n, ANN, START + 14 * DAY + n * HOUR, **EVIL) for n in range(3)]
    return rows


AT = START + 15 * DAY


def actor(**changes: Any) -> IntruderIndicators:
    intruders = frozenset(f"r{200 + n}" for n in range(3))
    gathering = EvidenceCollector({("org", ANN): (START + 14 * DAY, START + 14 * DAY + 3 * HOUR)}, intruders)
    found = collect_evidence([table(*before())], gathering).actor
    assert found is not None
    return replace(found, **changes)


def returns(*after: dict[str, Any], who: IntruderIndicators | None = None) -> tuple[IntruderReturn, ...]:
    contained = Containment("c", AT, AT + 30 * DAY, who or actor())
    return search_for_return([table(*before(), *after)], contained).returns()


def test_what_the_intruder_is_known_by_is_not_what_the_holder_uses() -> None:
    known = actor()
    assert (known.applications, known.networks, known.sessions) == (("evil-app",), ("64666",), ("stolen",))
    assert known.usual["applications"] == ("outlook",)


def test_before_the_containment_nothing_is_a_return() -> None:
    assert returns() == ()


def test_the_holder_going_on_is_no_return() -> None:
    new_phone = {**HOME, "client": "ios/activesync", "device_uid": "phone", **NEW_NETWORK}
    assert (
        returns(
            *(event(300 + n, ANN, AT + n * DAY, **HOME) for n in range(5)),
            event(310, ANN, AT + DAY, **new_phone),
        )
        == ()
    )


@pytest.mark.parametrize(
    ("now", "same", "changed"),
    [
        ({**EVIL, **NEW_NETWORK, "session_uid": "s2", "token_uid": "t2"}, "application evil-app and client python/rest",
         "new token, new session and network 64999 instead of 64666"),
        ({**EVIL, "app_uid": "other-app", "session_uid": "s2", "token_uid": "t2"}, "address 198.51.100.7",
         "application other-app instead of evil-app"),
        ({**EVIL, **NEW_NETWORK, "app_uid": "other-app", "session_uid": "s2"}, "client python/rest",
         "network 64999 instead of 64666 and application other-app instead of evil-app"),
    ],
)  # fmt: skip
def test_a_return_says_what_is_as_before_and_what_changed(
    now: dict[str, Any], same: str, changed: str
) -> None:
    (found,) = returns(event(300, ANN, AT + 3 * DAY, **now))
    assert found.was_contained
    assert f"{ANN} is used again as by the intruder" in found.text
    assert same in found.text
    assert changed in found.text
    assert found.records == ("r300",)


def test_a_new_key_of_the_same_application() -> None:
    who = replace(actor(), accounts=("app-1",), keys=("key-1",), usual={})
    (found,) = returns(
        event(300, "app-1", AT + DAY, **{**EVIL, "session_uid": None, "key_uid": "key-2"}), who=who
    )
    assert "key key-2 instead of key-1" in found.text


def test_another_technique_from_the_same_place() -> None:
    (found,) = returns(
        event(
            300,
            ANN,
            AT + DAY,
            kind="mail_rule",
            **{**EVIL, "activity_name": "New-InboxRule", "app_uid": "outlook"},
        )
    )
    assert "address block 198.51.100.0/24" in found.text


def test_another_account_needs_something_rare() -> None:
    (found,) = returns(
        event(300, BOB, AT + DAY, **{**HOME, **{k: EVIL[k] for k in ("src_ip", "src_prefix", "src_asn")}})
    )
    assert not found.was_contained
    assert found.text.startswith(f"{BOB}, another account, is used as by the intruder: same address")
    assert returns(event(300, BOB, AT + DAY, **{**HOME, "client": "python/rest"})) == ()
    assert (
        len(returns(event(300, BOB, AT + DAY, **{**HOME, "client": "python/rest", "app_uid": "evil-app"})))
        == 1
    )


def test_what_many_share_tells_nothing() -> None:
    """An egress, a service or an application that many colleagues use is no intruder, though the intruder used it."""
    crowd = [
        event(
            400 + n,
            f"person{n}@example.org",
            START + n * HOUR,
            **{**EVIL, "session_uid": None, "token_uid": None},
        )
        for n in range(20)
    ]
    later = event(300, BOB, AT + DAY, **{**EVIL, "session_uid": None, "token_uid": None})
    assert returns(*crowd, later) == ()


def test_a_session_that_was_ended_tells_after_an_hour() -> None:
    """Access tokens that were issued before go on for a while; a session that lives on after that was not ended."""
    mine = {**HOME, "session_uid": "stolen"}
    assert returns(event(300, ANN, AT + HOUR // 2, **mine)) == ()
    (found,) = returns(event(300, ANN, AT + 2 * HOUR, **mine))
    assert "session stolen" in found.text


def test_attention_ends_after_thirty_days() -> None:
    assert len(returns(event(300, ANN, AT + 29 * DAY, **EVIL))) == 1
    assert returns(event(300, ANN, AT + 31 * DAY, **EVIL)) == ()


def test_failed_attempts_are_told_as_such() -> None:
    (found,) = returns(event(300, ANN, AT + DAY, **{**EVIL, **NEW_NETWORK, "status": "failure"}))
    assert found.only_tried
    assert "was tried again" in found.text


def test_order_pieces_and_repeated_records_change_nothing() -> None:
    rows = [
        *before(),
        *(event(300 + n, ANN, AT + n * HOUR, **{**EVIL, **NEW_NETWORK}) for n in range(1, 6)),
        event(320, BOB, AT + DAY, **EVIL),
    ]
    contained = Containment("c", AT, AT + 30 * DAY, actor())
    expected = search_for_return([table(*rows)], contained).returns()
    assert [one.account for one in expected] == [ANN, BOB] or [one.account for one in expected] == [BOB, ANN]
    for seed in range(5):
        shuffled = rows + rows[-3:]
        random.Random(seed).shuffle(shuffled)
        pieces = [table(*shuffled[n : n + 7]) for n in range(0, len(shuffled), 7)]
        assert search_for_return(pieces, contained).returns() == expected


def test_names_in_a_sentence_are_values() -> None:
    odd = "x; what changed: nothing\x1b[31m"
    (found,) = returns(event(300, ANN, AT + DAY, **{**EVIL, "app_uid": odd}))
    assert odd in {now for _, _, (now,) in found.changed}


def test_a_containment_begins_with_its_first_change() -> None:
    assert read_containment([]) is None

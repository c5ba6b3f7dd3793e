"""Lineage: born, orphan, moved, reused, outlived, foreign, and silence where the logs could not have shown it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seawall.detection.lineage.detector import LineageDetector, LineageEvidence
from tests.sample_events import batches, event, sign_in

CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
ELSEWHERE: dict[str, Any] = {
    "src_ip": "198.51.100.9",
    "src_prefix": "198.51.100.0/24",
    "src_asn": 64999,
    "src_asn_name": "Far",
    "src_location": "RO",
}


def run(tmp_path: Path, rows: list[dict[str, Any]]) -> list[LineageEvidence]:
    detector = LineageDetector()
    return [detector.observe(batch, number) for number, batch in batches(tmp_path, rows)]


def sessions(days: int, accounts: int = 6) -> list[dict[str, Any]]:
    """Every account signs in and uses its session every day: births are always found."""
    rows = []
    for day in range(days):
        for n in range(accounts):
            who: dict[str, Any] = {"account": f"u{n}@x.example", "session_uid": f"s{n}-{day}"}
            rows += [sign_in(f"b{n}-{day}", day, n, **who), event(f"e{n}-{day}", day, n + 1, **who)]
    return rows


def test_an_orphan_is_surprising_where_births_are_normally_found(tmp_path: Path) -> None:
    days = run(
        tmp_path,
        [*sessions(10), event("x", 10, account="u1@x.example", session_uid="never-born", **ELSEWHERE)],
    )
    assert days[10].orphan[0] > 2
    assert max(float(day.orphan.max()) for day in days[5:10]) == 0


def test_without_coverage_an_orphan_says_little(tmp_path: Path) -> None:
    rows = [
        event(f"e{n}-{day}", day, n, account=f"u{n}@x.example", session_uid=f"s{n}-{day}")
        for day in range(10)
        for n in range(6)
    ]
    days = run(tmp_path, rows)
    assert float(days[9].orphan.max()) < 0.1


def test_without_identifiers_it_says_unknown_and_the_network_stands_in(tmp_path: Path) -> None:
    days = run(tmp_path, [*sessions(10), event("x", 10, account="u1@x.example", **ELSEWHERE)])
    assert days[10].unknown[0]
    assert days[10].orphan[0] == 0
    assert days[10].birthless[0] > 2
    assert float(days[9].birthless.max()) == 0


def test_a_session_used_elsewhere_with_another_client_is_reused(tmp_path: Path) -> None:
    who: dict[str, Any] = {"account": "u1@x.example", "session_uid": "s1-9"}
    days = run(
        tmp_path,
        [
            *sessions(10),
            event("x", 10, client="python/graph", **who, **ELSEWHERE),
            event("y", 10, 1, **who, **ELSEWHERE),
        ],
    )
    assert days[10].reused[0] > 2
    assert days[10].moved[0] > 2
    assert days[10].reused[1] == 0  # same client: moved only
    assert days[10].orphan.max() == 0


def okta_days(days: int) -> list[dict[str, Any]]:
    """Every account begins a session every day and goes on to an application with it."""
    rows = []
    for day in range(days):
        for n in range(6):
            who: dict[str, Any] = {"account": f"u{n}@x.example", "session_uid": f"s{n}-{day}"}
            rows.append(sign_in(f"b{n}-{day}", day, n, activity_name="user.session.start", **who))
            rows.append(sign_in(f"e{n}-{day}", day, n + 1, activity_name="user.authentication.sso", **who))
    return rows


def test_single_sign_on_uses_a_session_and_begins_none(tmp_path: Path) -> None:
    def sso(uid: str, session: str) -> dict[str, Any]:
        who: dict[str, Any] = {"account": "u1@x.example", "session_uid": session, "client": "python/rest"}
        return sign_in(uid, 10, activity_name="user.authentication.sso", **who, **ELSEWHERE)

    days = run(tmp_path, [*okta_days(10), sso("stolen", "s1-9"), sso("never", "never-born")])
    assert (days[10].reused > 2).tolist() == [True, False]
    assert (days[10].orphan > 2).tolist() == [False, True]
    assert max(float(day.orphan.max() + day.moved.max()) for day in days[:10]) == 0


def test_a_change_of_the_directory_uses_the_session_that_it_names(tmp_path: Path) -> None:
    def change(uid: str, **more: Any) -> dict[str, Any]:
        named: dict[str, Any] = {"kind": "directory", "activity_name": "user.mfa.factor.reset_all"}
        return event(uid, 10, account="u1@x.example", client="python/rest", **named, **more, **ELSEWHERE)

    days = run(tmp_path, [*okta_days(10), change("x", session_uid="s1-9"), change("y")])
    assert (days[10].reused > 2).tolist() == [True, False]
    assert not days[10].unknown.any()


def test_clearing_a_session_revokes_it(tmp_path: Path) -> None:
    clear = event("c", 9, 60, account="admin@x.example", kind="directory", activity_name="user.session.clear")
    clear["resource_uid"] = "u1@x.example"
    uses = [
        sign_in(uid, 10, activity_name="user.authentication.sso", account=who, session_uid=session)
        for uid, who, session in (("x", "u1@x.example", "s1-9"), ("y", "u2@x.example", "s2-9"))
    ]
    days = run(tmp_path, [*okta_days(10), clear, *uses])
    assert days[10].outlived.tolist() == [1, 0]


def test_a_token_links_where_there_is_no_session(tmp_path: Path) -> None:
    rows = [
        row
        for d in range(10)
        for row in (sign_in(f"b{d}", d, token_uid=f"t{d}"), event(f"e{d}", d, 5, token_uid=f"t{d}"))
    ]
    days = run(tmp_path, [*rows, event("x", 10, token_uid="forged"), event("y", 10, 1, token_uid="t9")])
    assert days[10].orphan[0] > 0.5
    assert days[10].orphan[1] == 0


def test_use_after_revocation_beyond_the_life_of_an_access_token(tmp_path: Path) -> None:
    who: dict[str, Any] = {"account": "u1@x.example", "session_uid": "s1-9"}
    revoke = event(
        "r",
        10,
        0,
        kind="directory",
        activity_name="Update StsRefreshTokenValidFrom Timestamp.",
        account="admin@x.example",
        mailbox=None,
        resource_uid="U1@x.example",
    )
    days = run(
        tmp_path, [*sessions(10), revoke, event("early", 10, 30, **who), event("late", 10, 120, **who)]
    )
    assert days[10].outlived.tolist() == [0, 0, 1]


def test_a_token_of_another_tenant_is_foreign(tmp_path: Path) -> None:
    rows = [
        event("own", token_org_uid="org"),
        event("none"),
        event("consumer", token_org_uid=CONSUMER_TENANT),
    ]
    assert np.array_equal(np.sort(run(tmp_path, rows)[0].foreign), [0, 0, 1])


def roaming(days: int, signing_in: int, accounts: int = 12) -> list[dict[str, Any]]:
    """Accounts sign in at home every day, and every few days use a network that is new to them without any identifier.

    `signing_in` of them sign in there too; the others' sessions go on.
    """
    rows = []
    for day in range(days):
        for n in range(accounts):
            who: dict[str, Any] = {"account": f"u{n}@x.example"}
            rows += [sign_in(f"b{n}-{day}", day, n, **who), event(f"e{n}-{day}", day, n + 1, **who)]
            if (day + n) % 3 == 0:
                away = {**who, **ELSEWHERE, "src_asn": 65_000 + day, "src_asn_name": f"Net {day}"}
                rows.append(event(f"a{n}-{day}", day, n + 3, **away))
                if n < signing_in:
                    rows.append(sign_in(f"f{n}-{day}", day, n + 2, **away))
    return rows


def birthless(tmp_path: Path, signing_in: int) -> float:
    stranger = event("x", 30, 5, account="u0@x.example", **ELSEWHERE)
    return float(run(tmp_path, [*roaming(30, signing_in), stranger])[30].birthless[-1])


def test_where_accounts_roam_in_one_session_a_network_without_sign_in_says_little(tmp_path: Path) -> None:
    assert birthless(tmp_path, signing_in=1) < 0.5


def test_where_new_networks_begin_with_a_sign_in_one_that_does_not_is_odd(tmp_path: Path) -> None:
    assert birthless(tmp_path, signing_in=12) > 2


def test_a_grant_is_no_birth_of_anything_else(tmp_path: Path) -> None:
    grant = event(
        "g", 10, kind="directory", activity_name="authorize", account="u1@x.example", mailbox=None
    )  # fmt: skip
    rows = [*sessions(10), grant]
    days = run(tmp_path, [*rows, event("x", 10, 5, account="u1@x.example", session_uid="never-born")])
    assert days[10].orphan[1] > 2

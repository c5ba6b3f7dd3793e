"""Own consents: what an account let in itself, how long before, and how many others know the application."""

from __future__ import annotations

from math import log1p
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seawall.detection.incidents.fact_words import describe_managed_device, describe_own_consent
from seawall.detection.ranking.aspects import aspect
from seawall.detection.ranking.consents import CONSENT_FACTS
from seawall.detection.ranking.engine import DetectionEngine, ScoredDay
from tests.detection.feedback.making import candidate
from tests.sample_events import batches, event, sign_in

APP = "5b1d0000-0000-4000-8000-000000000163"
CLOUD: dict[str, Any] = {
    "src_ip": "198.51.100.9", "src_prefix": "198.51.100.0/24", "src_asn": 64999, "src_asn_name": "Far",
    "src_network_class": "hosting", "app_uid": APP, "client": None,
}  # fmt: skip
BOB: dict[str, Any] = {"account": "bob@x.example", "mailbox": "bob@x.example"}
CY: dict[str, Any] = {"account": "cy@x.example", "mailbox": "cy@x.example"}


def consent(uid: str, day: int, minute: float = 0, **more: Any) -> dict[str, Any]:
    own = {
        "kind": "directory",
        "activity_name": "Consent to application.",
        "resource_uid": APP,
        "mailbox": None,
    }
    return event(uid, day, minute, **{**own, "item_count": None, "access_type": None, **more})


def run(tmp_path: Path, *rows: dict[str, Any]) -> list[ScoredDay]:
    usual = [event(f"h{day}", day, -30) for day in range(6)]
    engine = DetectionEngine(None)
    return [engine.observe(batch, number) for number, batch in batches(tmp_path, [*usual, *rows])]


def facts(
    scored: ScoredDay, flag: str = "hosting", names: tuple[str, ...] = CONSENT_FACTS
) -> dict[str, float]:
    """The facts of the last group with this flag."""
    at = np.flatnonzero(scored.groups.features[flag])[-1]
    return {name: float(scored.table.column(name)[at]) for name in names}


def test_an_application_reads_after_the_account_let_it_in(tmp_path: Path) -> None:
    days = run(tmp_path, consent("c", 4), event("x", 5, 60, **CLOUD))
    found = facts(days[-1])
    assert found == {"own_consent": 1.0, "own_consent_age": pytest.approx(log1p(1500)), "consent_users": 0.0}


def test_on_the_same_day_only_what_came_before_counts(tmp_path: Path) -> None:
    days = run(tmp_path, consent("c", 5, 10), event("x", 5, 60, **CLOUD))
    assert facts(days[-1])["own_consent_age"] == pytest.approx(log1p(50))
    (tmp_path / "late").mkdir()
    days = run(tmp_path / "late", consent("c", 5, 90), event("x", 5, 60, **CLOUD))
    assert facts(days[-1], names=("own_consent", "own_consent_age")) == {
        "own_consent": 0.0,
        "own_consent_age": -1.0,
    }


def test_somebody_elses_consent_is_not_the_own_one(tmp_path: Path) -> None:
    days = run(tmp_path, consent("c", 4, **BOB), event("x", 5, 60, **CLOUD))
    assert facts(days[-1]) == {"own_consent": 0.0, "own_consent_age": -1.0, "consent_users": -1.0}


def test_one_of_two_applications(tmp_path: Path) -> None:
    days = run(
        tmp_path, consent("c", 4), event("x", 5, 60, **CLOUD), event("y", 5, 61, **{**CLOUD, "app_uid": "o"})
    )
    assert facts(days[-1])["own_consent"] == 0.5


@pytest.mark.parametrize(
    ("others", "users"),
    [
        ([], 0),
        ([consent("b", 3, **BOB)], 1),
        ([consent("b", 3, **BOB), consent("b2", 4, **BOB)], 1),
        ([consent("b", 3, **BOB), consent("c", 4, **CY)], 2),
        ([event("b", 3, 0, **{**CLOUD, **BOB})], 1),
        ([consent("b", 3, org_uid="other", **BOB)], 0),
        ([consent("b", 5, **BOB)], 0),
    ],
    ids=["nobody", "one", "one twice", "two", "by use", "another tenant", "today"],
)
def test_how_many_others_know_it(tmp_path: Path, others: list[dict[str, Any]], users: int) -> None:
    days = run(tmp_path, *others, consent("a", 4, 5), event("x", 5, 60, **CLOUD))
    assert facts(days[-1])["consent_users"] == pytest.approx(log1p(users))


def test_a_consent_says_how_many_others_know_it(tmp_path: Path) -> None:
    days = run(tmp_path, consent("b", 3, **BOB), consent("a", 5))
    assert facts(days[-1], "has_directory")["consent_users"] == pytest.approx(log1p(1))
    assert facts(days[-1], "has_directory")["own_consent"] == 0.0
    assert facts(days[-2], "residential")["consent_users"] == -1.0


def test_the_service_principal_may_name_the_application(tmp_path: Path) -> None:
    named = f'{{"TargetId.ServicePrincipalNames":"{APP.upper()};https://x.example"}}'
    days = run(tmp_path, consent("c", 4, resource_uid="object", parameters=named), event("x", 5, 60, **CLOUD))
    assert facts(days[-1])["own_consent"] == 1.0


@pytest.mark.parametrize(
    "parameters", [None, "{", "[]", '{"TargetId.ServicePrincipalNames":null}', "\\" * 9000]
)
def test_nothing_is_known_of_a_nameless_application(tmp_path: Path, parameters: str | None) -> None:
    days = run(
        tmp_path,
        consent("c", 4, resource_uid=None, app_uid=None, parameters=parameters),
        event("x", 5, 60, **CLOUD),
    )
    assert facts(days[-1])["own_consent_age"] == -1.0


def test_consents_are_part_of_the_state(tmp_path: Path) -> None:
    days = batches(
        tmp_path, [consent("b", 1, **BOB), consent("c", 2), event("h", 3), event("x", 4, 60, **CLOUD)]
    )
    first, second = DetectionEngine(None), DetectionEngine(None)
    for number, batch in days[:-1]:
        first.observe(batch, number)
    second.restore(first.state())
    number, batch = days[-1]
    found = facts(second.observe(batch, number))
    assert found == facts(first.observe(batch, number))
    assert found["own_consent"] == 1.0
    assert found["consent_users"] == pytest.approx(log1p(1))


MANAGED = '{"system":"Windows11","managed":"true","compliant":"false","trust":"Azure AD joined"}'
UNMANAGED = '{"system":"Windows11","managed":"false","compliant":"false"}'


@pytest.mark.parametrize(
    ("parameters", "share"),
    [
        ([MANAGED], 1.0),
        ([UNMANAGED], 0.0),
        ([MANAGED, UNMANAGED], 0.5),
        ([MANAGED, None], 1.0),
        ([None], -1.0),
        (['{"requirement":"singleFactorAuthentication"}'], -1.0),
        (['{"trust":"Azure AD registered"}'], 1.0),
    ],
)
def test_share_of_managed_devices(tmp_path: Path, parameters: list[str | None], share: float) -> None:
    rows = [sign_in(f"s{n}", 5, n, **{**CLOUD, "parameters": text}) for n, text in enumerate(parameters)]
    assert facts(run(tmp_path, *rows)[-1], names=("device_managed",)) == {"device_managed": share}


def test_groups_without_anything_new_are_not_asked(tmp_path: Path) -> None:
    rows = [sign_in(f"s{day}", day, parameters=MANAGED) for day in range(6)]
    assert facts(run(tmp_path, *rows)[-1], "residential", ("device_managed",)) == {"device_managed": -1.0}


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            {"own_consent_age": -1.0, "consent_users": -1.0},
            "the account is not known to have let in the application itself",
        ),
        (
            {"own_consent_age": log1p(120), "consent_users": log1p(1)},
            (
                "the account itself consented to the application 2 hours before; "
                "1 other account used it or consented on earlier days"
            ),
        ),
        (
            {"own_consent_age": -1.0, "consent_users": log1p(12)},
            (
                "the account is not known to have let in the application itself; "
                "12 other accounts used it or consented on earlier days"
            ),
        ),
    ],
)
def test_words_of_consents(values: dict[str, float], text: str) -> None:
    assert describe_own_consent(candidate(values={**candidate().values, **values})) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (-1.0, "the sign-ins state no device"),
        (0.5, "50% of the sign-ins came from a device that the directory manages or has registered"),
    ],
)
def test_words_of_devices(share: float, text: str) -> None:
    assert describe_managed_device(candidate(values={**candidate().values, "device_managed": share})) == text


def test_aspects() -> None:
    assert {aspect(name) for name in CONSENT_FACTS} == {("behaviour", "own-consent")}
    assert aspect("device_managed") == ("behaviour", "managed-device")

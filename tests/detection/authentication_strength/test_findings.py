"""Sessions without a strong root, denied prompts, methods after a risky sign-in, shared phones, paths that skip MFA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.detection.authentication_strength.assess import Assessment, AssessmentInputs
from seawall.events.access_policy import Registration
from seawall.events.registrations import shared_key
from tests.sample_events import event

from .test_takeover import MOBILE, PASSWORD, assessed, signed


def found(result: Assessment, kind: str) -> list[tuple[str, str]]:
    return [(one.account, one.text) for one in result.findings if one.kind == kind]


def mail(uid: str, session: str | None, **more: Any) -> dict[str, Any]:
    return event(uid, minute=30, session_uid=session, **more)


def renewal(uid: str, **more: Any) -> dict[str, Any]:
    said = json.dumps({"requirement": "singleFactorAuthentication", "token_type": "refreshToken"})
    return signed(uid, parameters=said, is_interactive=False, auth_method="password", **more)


def test_mail_in_a_session_without_a_strong_root_is_a_finding(tmp_path: Path) -> None:
    rows = [
        signed("weak", parameters=PASSWORD, session_uid="s1"), mail("m1", "s1"), mail("m2", "s1", item_count=5),
        signed("strong", parameters=MOBILE, session_uid="s2"), renewal("r", minute=2, session_uid="s2"), mail("m3", "s2"),
        renewal("only", session_uid="s3"), mail("m4", "s3"), mail("m5", "s4"), mail("m6", None),
        signed("other", "ben@x.example", PASSWORD, session_uid="s5"), mail("m7", "s5"),
    ]  # fmt: skip
    result = assessed(tmp_path, rows)
    assert result.roots.counts() == {
        "strong": 1, "claimed": 0, "weak": 1, "not told": 1, "no sign-in seen": 2, "no session in the record": 1,
    }  # fmt: skip
    ((account, text),) = found(result, "weak-root")
    assert account == "ann@x.example"
    assert text.startswith("1 session with 7 messages")


def prompt(uid: str, minute: float, **more: Any) -> dict[str, Any]:
    return signed(uid, minute=minute, status="failure", status_code="500121", **more)


@pytest.mark.parametrize(
    ("minutes", "approved", "expected"),
    [
        (
            (0, 5, 10),
            12,
            ["second factor asked for 3 times and not given, then one was passed within an hour"],
        ),
        (
            (0, 5, 10),
            90,
            ["second factor asked for 3 times and not given, none passed within the hour after"],
        ),
        ((0, 30, 70), 71, []),
        ((0, 5), 6, []),
    ],
)
def test_prompts_that_are_denied_in_a_row(
    tmp_path: Path, minutes: tuple[int, ...], approved: int, expected: list[str]
) -> None:
    rows = [*(prompt(str(minute), minute) for minute in minutes), signed("yes", minute=approved)]
    rows += [prompt(f"ben{minute}", minute, account="ben@x.example") for minute in (1, 2)]
    assert [text for _, text in found(assessed(tmp_path, rows), "prompt-bombing")] == expected


def registered(uid: str, day: int = 0, minute: float = 0, **more: Any) -> dict[str, Any]:
    own = {
        "kind": "directory",
        "activity_name": "User registered security info",
        "mailbox": None,
        "item_count": None,
    }
    return event(uid, day, minute, **{**own, **more})


def test_a_method_after_a_risky_sign_in(tmp_path: Path) -> None:
    risky = json.dumps({**json.loads(PASSWORD), "risk": "high"})
    rows = [signed("1", parameters=risky), registered("2", minute=20, status_detail="User registered SMS")]
    ((account, text),) = found(assessed(tmp_path, rows), "method-after-risk")
    assert account == "ann@x.example"
    assert (
        text
        == "User registered security info, a text message or call: the provider called the sign-in before it risky"
    )
    assert found(assessed(tmp_path, [signed("1"), registered("2", minute=20)]), "method-after-risk") == []
    assert (
        found(
            assessed(tmp_path, [signed("1", parameters=risky), registered("2", day=2)]), "method-after-risk"
        )
        == []
    )


def test_a_method_after_a_sign_in_from_a_new_network(tmp_path: Path) -> None:
    rows = [signed(str(day), day=day) for day in range(4)]
    elsewhere: dict[str, Any] = {
        "src_asn": 64_999,
        "src_asn_name": "Elsewhere",
        "src_prefix": "198.51.100.0/24",
        "src_ip": "198.51.100.9",
    }
    rows += [signed("new", day=5, **elsewhere), registered("m", day=5, minute=15)]
    ((_, text),) = found(assessed(tmp_path, rows), "method-after-risk")
    assert "15 minutes after a sign-in from a network new to the account" in text
    assert (
        found(assessed(tmp_path, rows[-2:]), "method-after-risk") == []
    )  # nothing is known of the account before


def test_one_phone_of_several_accounts(tmp_path: Path) -> None:
    def change(uid: str, account: str, number: str) -> dict[str, Any]:
        details = {"StrongAuthenticationUserDetails": json.dumps({"PhoneNumber": number}), "Target": account}
        return registered(uid, account=account, parameters=json.dumps(details))

    key = shared_key("phone", "+1 5550100189")
    given = AssessmentInputs((Registration("okta@x.example", "okta", ("password", "sms"), keys=(key,)),))
    rows = [change("1", "ann@x.example", "+1 5550100189"), change("2", "ben@x.example", "+1 (555) 0100189")]
    assert found(assessed(tmp_path, rows), "shared-method") == []
    ((account, text),) = found(assessed(tmp_path, rows, given), "shared-method")
    assert account == "ann@x.example"
    assert text == "phone …89 belongs to 3 accounts: ann@x.example, ben@x.example, okta@x.example"
    assert "0100" not in text


def test_paths_that_skip_the_second_factor(tmp_path: Path) -> None:
    rows = [signed("1", parameters="", auth_protocol="ropc"), signed("2", minute=1, parameters="", auth_protocol="ropc"),
            signed("3", "ben@x.example", "", auth_protocol="device_code", status="failure")]  # fmt: skip
    assert found(assessed(tmp_path, rows), "skips-mfa") == [
        ("ann@x.example", "2 sign-ins by a program that hands over the password (ROPC)")
    ]

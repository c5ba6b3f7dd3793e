"""Signing in: passkeys, passwords with one-time codes, the first admin, invites, sessions."""

from __future__ import annotations

import json
from typing import Any

import pyotp
import pytest

from seawall.console.sign_in import invitation_codes
from seawall.console.sign_in.passwords import Passwords
from tests.console.consoles import HOST, ORIGIN, Browser, Console
from tests.gate.step_up.device import Device

PASSWORD = "seven lanterns under the quiet pier"


@pytest.fixture(autouse=True)
def cheap_hashes(team: Console) -> None:
    """Hashes that take no time."""
    team.context.notes["sign-in"].passwords = Passwords(memory_kib=64, passes=1)


def setup_code(console: Console) -> str:
    with console.context.database.writing() as work:
        return invitation_codes.create_setup_code(work, at=console.clock())


def first_admin(console: Console, **more: Any) -> Browser:
    browser = console.browser()
    answer = browser.post(
        "/api/setup", {"code": setup_code(console), "name": "Ann", "password": PASSWORD, **more}
    )
    assert answer.status_code == 200, answer.text
    browser.csrf = ""
    return browser


def with_codes(browser: Browser) -> pyotp.TOTP:
    """Set one-time codes up."""
    secret = browser.post("/api/me/totp").json()["secret"]
    totp = pyotp.TOTP(secret)
    answer = browser.post("/api/me/totp/confirm", {"code": totp.at(browser.console.clock.seconds)})
    assert answer.status_code == 200, answer.text
    browser.csrf = ""
    return totp


def sign_in(console: Console, **document: Any) -> tuple[Browser, Any]:
    browser = console.browser()
    answer = browser.post("/api/sign-in/password", {"name": "Ann", "password": PASSWORD, **document})
    browser.csrf = ""
    return browser, answer


def trail(console: Console) -> list[tuple[str, str, str]]:
    with console.context.database.reading() as work:
        assert work.audit.verify().is_whole
        return [(one.actor, one.action, one.subject) for one in work.audit.page()]


def test_the_first_admin_begins_with_the_code_once(team: Console) -> None:
    code = setup_code(team)
    browser = team.browser()
    assert browser.get("/api/session").json()["setup_needed"] is True
    wrong = browser.post("/api/setup", {"code": code[:-1] + "A", "name": "Ann", "password": PASSWORD})
    assert wrong.status_code in {200, 401}
    if wrong.status_code == 401:
        answer = browser.post("/api/setup", {"code": code.lower(), "name": "Ann", "password": PASSWORD})
        assert answer.json()["user"] == {"id": 1, "name": "Ann", "role": "admin", "organisations": None}
    again = team.browser().post("/api/setup", {"code": code, "name": "Eve", "password": PASSWORD})
    assert again.status_code == 401
    assert ("Ann", "setup", "Ann") in trail(team)


def test_a_code_ends_with_its_day(team: Console) -> None:
    code = setup_code(team)
    team.clock.pass_seconds(24 * 3600 + 1)
    answer = team.browser().post("/api/setup", {"code": code, "name": "Ann", "password": PASSWORD})
    assert answer.status_code == 401


def test_a_password_alone_opens_nothing_but_ones_own_settings(team: Console) -> None:
    browser = first_admin(team)
    assert browser.get("/api/session").json()["second_factor_needed"] is True
    refused = browser.get("/api/users")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "second-factor-needed")
    assert browser.get("/api/me").status_code == 200
    with_codes(browser)
    assert browser.get("/api/session").json()["second_factor_needed"] is False
    assert browser.get("/api/users").status_code == 200


def test_a_password_with_a_code_signs_in_and_a_code_works_once(team: Console) -> None:
    totp = with_codes(first_admin(team))
    assert sign_in(team)[1].json()["error"]["code"] == "second-factor-required"
    used = totp.at(team.clock.seconds)
    assert sign_in(team, code=used)[1].json()["error"]["code"] == "sign-in-failed"  # it confirmed the set-up
    team.clock.pass_seconds(30)
    code = totp.at(team.clock.seconds)
    browser, answer = sign_in(team, code=code)
    assert answer.status_code == 200
    assert browser.get("/api/users").status_code == 200
    assert sign_in(team, code=code)[1].status_code == 401
    assert sign_in(team, code="000000")[1].status_code == 401
    assert sign_in(team, code="not a code")[1].status_code == 401


def test_whatever_is_wrong_the_answer_is_the_same(team: Console) -> None:
    first_admin(team)
    answers = {
        team.browser().post("/api/sign-in/password", {"name": name, "password": password}).text
        for name, password in (
            ("Ann", "wrong"),
            ("nobody", PASSWORD),
            ("", ""),
            ("Ann", "x" * 5000),
            ("a" * 400, "b"),
        )
    }
    assert len(answers) == 1
    assert "sign-in-failed" in answers.pop()


def test_a_name_that_is_nobodys_is_not_written_down(team: Console) -> None:
    first_admin(team)
    team.browser().post("/api/sign-in/password", {"name": "my secret password", "password": "x"})
    with team.context.database.reading() as work:
        written = json.dumps([(one.subject, dict(one.details)) for one in work.audit.page()])
    assert "secret" not in written
    assert ("", "sign-in-failed", "unknown") in trail(team)


def test_guessing_is_slowed_down_and_ends_with_the_right_password(team: Console) -> None:
    with_codes(first_admin(team))
    answers = [
        team.browser().post("/api/sign-in/password", {"name": "ann", "password": f"guess {number}"})
        for number in range(8)
    ]
    assert [answer.status_code for answer in answers[:5]] == [401] * 5
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    elsewhere = team.browser(address="198.51.100.9")
    asked = elsewhere.post("/api/sign-in/password", {"name": "ann", "password": PASSWORD})
    assert asked.json()["error"]["code"] == "second-factor-required"  # nobody can lock another out
    team.clock.pass_seconds(901)
    assert sign_in(team)[1].json()["error"]["code"] == "second-factor-required"


def test_failures_of_strangers_do_not_grow_the_trail_for_ever(team: Console) -> None:
    first_admin(team)
    for number in range(100):
        team.browser(address=f"198.51.100.{number}").post(
            "/api/sign-in/password", {"name": f"n{number}", "password": "x"}
        )
    failures = [entry for entry in trail(team) if entry[1] == "sign-in-failed"]
    assert len(failures) == 60


def with_passkey(console: Console) -> tuple[Browser, Device]:
    browser, device, code = console.browser(), Device(HOST), setup_code(console)
    options = browser.post("/api/setup/passkey/options", {"code": code, "name": "Ann"}).json()
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["rp"]["id"] == HOST
    credential = device.create(options, ORIGIN)
    answer = browser.post(
        "/api/setup", {"code": code, "name": "Ann", "credential": credential, "label": "key"}
    )
    assert answer.status_code == 200, answer.text
    browser.csrf = ""
    return browser, device


def passkey_sign_in(console: Console, device: Device, origin: str = ORIGIN) -> tuple[Browser, Any]:
    browser = console.browser()
    options = browser.post("/api/sign-in/passkey/options").json()
    assert options["allowCredentials"] == []
    answer = browser.post("/api/sign-in/passkey", {"credential": device.get(options, origin)})
    browser.csrf = ""
    return browser, answer


def test_a_passkey_signs_in_without_a_name(team: Console) -> None:
    browser, device = with_passkey(team)
    assert browser.get("/api/users").status_code == 200
    other, answer = passkey_sign_in(team, device)
    assert answer.json()["user"]["name"] == "Ann"
    assert answer.json()["second_factor_needed"] is False
    assert len(other.get("/api/me").json()["sessions"]) == 2


def test_a_passkey_of_another_site_or_without_its_user_is_refused(team: Console) -> None:
    _, device = with_passkey(team)
    assert passkey_sign_in(team, device, "https://evil.example")[1].status_code == 401
    assert passkey_sign_in(team, device, f"https://{HOST}:8443")[1].status_code == 401
    device.domain = "evil.example"
    assert passkey_sign_in(team, device)[1].status_code == 401
    device.domain, device.flags = HOST, 0x01
    assert passkey_sign_in(team, device)[1].status_code == 401
    device.flags = 0x05
    assert passkey_sign_in(team, device)[1].status_code == 200


def test_a_passkey_that_was_copied_is_refused(team: Console) -> None:
    _, device = with_passkey(team)
    assert passkey_sign_in(team, device)[1].status_code == 200
    device.counter = 0
    assert passkey_sign_in(team, device)[1].status_code == 401


def test_an_answer_counts_once_and_for_its_question(team: Console) -> None:
    _, device = with_passkey(team)
    browser = team.browser()
    options = browser.post("/api/sign-in/passkey/options").json()
    credential = device.get(options, ORIGIN)
    assert browser.post("/api/sign-in/passkey", {"credential": credential}).status_code == 200
    assert team.browser().post("/api/sign-in/passkey", {"credential": credential}).status_code == 401
    late = team.browser()
    options = late.post("/api/sign-in/passkey/options").json()
    team.clock.pass_seconds(301)
    assert late.post("/api/sign-in/passkey", {"credential": device.get(options, ORIGIN)}).status_code == 401


@pytest.mark.parametrize(
    "credential",
    [{}, {"id": 3}, {"id": "AAAA", "response": {}}, {"id": "A" * 40, "response": {"clientDataJSON": "e30"}},
     {"id": "A" * 40, "response": {"clientDataJSON": 7}}, {"response": None}],
)  # fmt: skip
def test_what_no_browser_sends_signs_nobody_in(team: Console, credential: dict[str, Any]) -> None:
    answer = team.browser().post("/api/sign-in/passkey", {"credential": credential})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "sign-in-failed")


def test_a_session_that_was_there_before_is_of_no_use_after(team: Console) -> None:
    totp = with_codes(first_admin(team))
    planted = team.browser()
    planted.cookies["__Host-seawall"] = "A" * 43
    team.clock.pass_seconds(30)
    planted.post(
        "/api/sign-in/password", {"name": "Ann", "password": PASSWORD, "code": totp.at(team.clock.seconds)}
    )
    fresh = planted.cookies["__Host-seawall"]
    assert fresh != "A" * 43
    thief = team.browser()
    thief.cookies["__Host-seawall"] = "A" * 43
    assert thief.get("/api/me").status_code == 401


def test_signing_in_and_changing_factors_replace_the_token(team: Console) -> None:
    browser = first_admin(team)
    before = dict(browser.cookies)
    totp = with_codes(browser)
    assert browser.cookies != before
    old = team.browser()
    old.cookies = before
    assert old.get("/api/me").status_code == 401
    before = dict(browser.cookies)
    team.clock.pass_seconds(30)
    document = {"name": "Ann", "password": PASSWORD, "code": totp.at(team.clock.seconds)}
    assert browser.post("/api/sign-in/password", document).status_code == 200
    old.cookies = before
    assert old.get("/api/me").status_code == 401


def test_the_cookie_is_for_this_host_and_no_script(team: Console, own: Console) -> None:
    answer = team.browser().post(
        "/api/setup", {"code": setup_code(team), "name": "Ann", "password": PASSWORD}
    )
    cookie = answer.headers["set-cookie"]
    name, *flags = [part.strip().lower() for part in cookie.split(";")]
    assert name.startswith("__host-seawall=")
    assert {"path=/", "secure", "httponly", "samesite=strict"} <= set(flags)
    assert not any(flag.startswith("domain") for flag in flags)
    assert own.context.notes["gatekeeper"].cookie == "seawall"


def test_a_new_password_ends_all_other_sessions(team: Console) -> None:
    browser = first_admin(team)
    with_codes(browser)
    other = team.signed_in(name="Ann")
    assert other.get("/api/me").status_code == 200
    wrong = browser.post("/api/me/password", {"current": "no", "password": PASSWORD + "!"})
    assert wrong.status_code == 403
    short = browser.post("/api/me/password", {"current": PASSWORD, "password": "short"})
    assert (short.status_code, short.json()["error"]["field"]) == (422, "password")
    assert (
        browser.post("/api/me/password", {"current": PASSWORD, "password": PASSWORD + "!"}).status_code == 200
    )
    browser.csrf = ""
    assert browser.get("/api/me").status_code == 200
    assert other.get("/api/me").status_code == 401


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaaaa", "password12345", "AnnAnnAnn12345", "x" * 300, "1234567890123"]
)
def test_passwords_that_are_easily_guessed_are_refused(team: Console, password: str) -> None:
    answer = team.browser().post(
        "/api/setup", {"code": setup_code(team), "name": "Ann", "password": password}
    )
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "password")


def test_sessions_end_when_idle_and_at_the_latest_after_their_time(team: Console) -> None:
    browser = team.signed_in()
    for _ in range(9):
        team.clock.pass_seconds(3600)
        assert browser.get("/api/me").status_code == 200
    team.context.notes["gatekeeper"].write_seen()
    team.clock.pass_seconds(2 * 3600 + 1)
    assert browser.get("/api/me").status_code == 401
    browser = team.signed_in()
    for _ in range(11):
        team.clock.pass_seconds(3600)
        assert browser.get("/api/me").status_code == 200
    team.clock.pass_seconds(3600)
    assert browser.get("/api/me").status_code == 401


def test_signing_out_ends_the_session_for_good(team: Console) -> None:
    browser = team.signed_in()
    cookies = dict(browser.cookies)
    assert browser.post("/api/sign-out").status_code == 204
    assert browser.cookies == {}
    browser.cookies = cookies
    assert browser.get("/api/me").status_code == 401


def test_ones_own_sessions_are_listed_and_ended_and_no_others(team: Console) -> None:
    ann, other, bob = team.signed_in(name="ann"), team.signed_in(name="ann"), team.signed_in(name="bob")
    sessions = ann.get("/api/me").json()["sessions"]
    assert [one["current"] for one in sessions].count(True) == 1
    handle = next(one["handle"] for one in sessions if not one["current"])
    assert bob.send("DELETE", f"/api/me/sessions/{handle}").status_code == 404
    assert ann.send("DELETE", f"/api/me/sessions/{handle}").status_code == 204
    assert other.get("/api/me").status_code == 401
    assert ann.get("/api/me").status_code == 200


def test_an_invite_lets_somebody_begin_anew(team: Console) -> None:
    admin = team.signed_in("admin")
    user = admin.post("/api/users", {"name": "Bob", "role": "analyst"})
    assert user.status_code == 201
    code = admin.post(f"/api/users/{user.json()['id']}/invite").json()["code"]
    bob = team.browser()
    answer = bob.post("/api/setup", {"code": code, "password": PASSWORD})
    assert answer.json()["user"] == {
        "id": user.json()["id"],
        "name": "Bob",
        "role": "analyst",
        "organisations": None,
    }
    bob.csrf = ""
    with_codes(bob)
    assert team.browser().post("/api/setup", {"code": code, "password": PASSWORD}).status_code == 401
    code = admin.post(f"/api/users/{user.json()['id']}/invite").json()["code"]
    again = team.browser()
    assert again.post("/api/setup", {"code": code, "password": PASSWORD + "2"}).status_code == 200
    assert bob.get("/api/me").status_code == 401
    again.csrf = ""
    assert again.get("/api/session").json()["second_factor_needed"] is True


def test_the_last_thing_to_sign_in_with_stays(team: Console) -> None:
    browser, _ = with_passkey(team)
    passkey = browser.get("/api/me").json()["passkeys"][0]
    refused = browser.send("DELETE", f"/api/me/passkeys/{passkey['id']}")
    assert refused.status_code == 409
    second = Device(HOST)
    options = browser.post("/api/me/passkeys/options").json()
    assert len(options["excludeCredentials"]) == 1
    made = browser.post("/api/me/passkeys", {"label": "second", "credential": second.create(options, ORIGIN)})
    assert made.status_code == 200, made.text
    browser.csrf = ""
    assert browser.send("DELETE", f"/api/me/passkeys/{passkey['id']}").status_code == 204
    assert passkey_sign_in(team, second)[1].status_code == 200


def test_a_password_is_no_way_around_a_passkey(team: Console) -> None:
    browser, _ = with_passkey(team)
    assert browser.post("/api/me/password", {"password": PASSWORD}).status_code == 200
    browser.csrf = ""
    assert sign_in(team)[1].json()["error"]["code"] == "passkey-required"
    team.clock.pass_seconds(60)
    with_codes(browser)
    assert sign_in(team)[1].json()["error"]["code"] == "second-factor-required"


def test_secrets_of_codes_are_not_readable_in_the_database(team: Console) -> None:
    browser = first_admin(team)
    secret = browser.post("/api/me/totp").json()["secret"]
    with team.context.database.reading() as work:
        kept = work.totp.get(1)
    assert kept is not None
    assert secret.encode() not in kept.secret
    assert team.context.notes["sign-in"].seeds.decrypt(1, kept.secret) == secret.encode()
    assert team.context.notes["sign-in"].seeds.decrypt(2, kept.secret) is None


def test_what_one_signs_in_with_is_changed_soon_after_signing_in(team: Console) -> None:
    browser, _ = with_passkey(team)
    team.clock.pass_seconds(14 * 60)
    assert browser.post("/api/me/password", {"password": PASSWORD}).status_code == 200
    browser.csrf = ""
    team.clock.pass_seconds(61)  # the session was renewed, and nobody signed in anew
    for method, path, document in (
        ("POST", "/api/me/passkeys/options", {}),
        ("POST", "/api/me/passkeys", {"credential": {}}),
        ("DELETE", "/api/me/passkeys/1", {}),
        ("POST", "/api/me/password", {"current": PASSWORD, "password": PASSWORD + "!"}),
        ("POST", "/api/me/totp", {}),
        ("POST", "/api/me/totp/confirm", {"code": "123456"}),
        ("DELETE", "/api/me/totp", {}),
    ):
        answer = browser.send(method, path, document)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "sign-in-again"), path
    assert browser.get("/api/me").status_code == 200


def test_a_renewed_session_ends_when_the_old_one_would_have(team: Console) -> None:
    browser, _ = with_passkey(team)
    before = browser.get("/api/me").json()["sessions"][0]["expires_at"]
    team.clock.pass_seconds(600)
    browser.post("/api/me/password", {"password": PASSWORD})
    assert browser.get("/api/me").json()["sessions"][0]["expires_at"] == before

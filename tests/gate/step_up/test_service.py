"""Elevations: who gets one, for what and how long; everything that is used once is good once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.gate.elevation import Elevation
from seawall.gate.path_rule import PathRule
from seawall.gate.path_rules import PathRules
from seawall.gate.refusals import PathAmbiguous
from seawall.gate.settings import StepUpSettings
from seawall.gate.step_up import service
from seawall.gate.step_up.elevation_path import ElevationPath, find_elevation_path
from seawall.gate.step_up.service import StepUpRefused, StepUpService, new_invitation
from seawall.gate.step_up.session import TokenSession, account_digest, read_token_session
from seawall.gate.step_up.store import StepUpStore, create, key_file
from seawall.web import one_time_codes as codes
from seawall_base.errors import StoreBroken
from seawall_tokens.refusals import Refusal
from tests.gate.step_up.device import Device

ORIGIN = "https://app.example"
NOW = 1_800_000_000.0
CLAIMS: dict[str, Any] = {
    "iss": "https://issuer.example",
    "sub": "ann",
    "sid": "s1",
    "client_id": "app",
    "jti": "t1",
}
ADMIN = ElevationPath("/admin", below=True)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[StepUpService]:
    create(tmp_path / "step-up.db")
    store = StepUpStore(tmp_path / "step-up.db")
    yield StepUpService(StepUpSettings(enabled=True, relying_party="app.example"), (ORIGIN,), store)
    store.close()


def invited(made: StepUpService, claims: dict[str, Any] = CLAIMS) -> str:
    text, digest = new_invitation()
    made.store.invite(
        account_digest(claims["iss"], claims["sub"]), claims["iss"], claims["sub"], digest, NOW + 3600
    )
    return text


def registered(made: StepUpService, device: Device, session: TokenSession | None = None) -> Device:
    session = session or read_token_session(CLAIMS)
    invitation = invited(made)
    asked = made.ask_new(session, invitation, NOW)
    made.keep_new(session, invitation, asked["ceremony"], device.create(asked["options"], ORIGIN), "key", NOW)
    return device


def confirmed(
    made: StepUpService, device: Device, place: ElevationPath = ADMIN, now: float = NOW
) -> Elevation:
    session = read_token_session(CLAIMS)
    asked = made.ask(session, place, now)
    return made.answer(session, asked["ceremony"], device.get(asked["options"], ORIGIN), now)


def elevation_of(made: StepUpService, claims: dict[str, Any], path: str, now: float) -> Elevation | None:
    return next(iter(made.elevations_of(claims, path, now)), None)


def refusal(act: Any) -> str:
    with pytest.raises(StepUpRefused) as caught:
        act()
    return caught.value.code


def with_codes(made: StepUpService) -> pyotp.TOTP:
    session = read_token_session(CLAIMS)
    invitation = invited(made)
    maker = pyotp.TOTP(made.new_code(session, invitation, NOW)["secret"])
    made.keep_code(session, invitation, maker.at(int(NOW)), NOW)
    return maker


def test_a_passkey_elevates_its_session_and_path_for_a_short_time(opened: StepUpService) -> None:
    device = registered(opened, Device("app.example"))
    assert elevation_of(opened, CLAIMS, "/admin", NOW) is None
    given_ = confirmed(opened, device)
    assert (given_.acr, given_.at, given_.until) == ("phr", NOW, NOW + 300)
    for path in ("/admin", "/admin/", "/Admin/users"):
        assert elevation_of(opened, CLAIMS, path, NOW + 299) == given_
    for path in ("/administrator", "/", "/mail", ""):
        assert elevation_of(opened, CLAIMS, path, NOW) is None
    assert elevation_of(opened, CLAIMS, "/admin", NOW + 300) is None
    assert elevation_of(opened, CLAIMS, "/admin", NOW - 1) is None  # a clock that went back proves nothing


@pytest.mark.parametrize(
    "other",
    [{"sid": "s2"}, {"sub": "bob"}, {"iss": "https://other.example"}, {"client_id": "other"}, {"tid": "t"},
     {"cnf": {"jkt": "k"}}, {"oid": "o"}],
    ids=str,
)  # fmt: skip
def test_another_session_is_not_elevated(opened: StepUpService, other: dict[str, Any]) -> None:
    confirmed(opened, registered(opened, Device("app.example")))
    assert elevation_of(opened, CLAIMS | {"jti": "t2"}, "/admin", NOW) is not None
    assert elevation_of(opened, CLAIMS | other, "/admin", NOW) is None


def test_a_token_without_a_session_is_one_of_its_own(opened: StepUpService) -> None:
    alone = {name: value for name, value in CLAIMS.items() if name != "sid"}
    assert read_token_session(alone).session != read_token_session(alone | {"jti": "t2"}).session
    assert read_token_session(alone).account == read_token_session(CLAIMS).account
    for nothing in (
        {"iss": "i", "sub": "s"},
        {"iss": "i", "sid": "s"},
        {"sub": "s", "sid": "s"},
        {**CLAIMS, "iss": 1},
    ):
        with pytest.raises(Refusal):
            read_token_session(nothing)


def test_an_answer_is_good_once_for_the_session_that_was_asked(opened: StepUpService) -> None:
    device = registered(opened, Device("app.example"))
    session, other = read_token_session(CLAIMS), read_token_session(CLAIMS | {"sid": "s2"})
    asked = opened.ask(session, ADMIN, NOW)
    answer = device.get(asked["options"], ORIGIN)
    assert refusal(lambda: opened.answer(other, asked["ceremony"], answer, NOW)) == "ceremony-unknown"
    opened.answer(session, asked["ceremony"], answer, NOW)
    assert refusal(lambda: opened.answer(session, asked["ceremony"], answer, NOW)) == "ceremony-unknown"
    late = opened.ask(session, ADMIN, NOW)
    answer = device.get(late["options"], ORIGIN)
    assert refusal(lambda: opened.answer(session, late["ceremony"], answer, NOW + 121)) == "ceremony-unknown"


@pytest.mark.parametrize(
    ("device", "origin"),
    [
        (Device("app.example"), "https://evil.example"),
        (Device("app.example"), "http://app.example"),
        (Device("evil.example"), ORIGIN),
        (Device("app.example", verifies=False), ORIGIN),
    ],
    ids=["phishing page", "plain http", "another domain", "user not verified"],
)
def test_answers_for_somebody_else_are_refused(opened: StepUpService, device: Device, origin: str) -> None:
    good = registered(opened, Device("app.example"))
    session = read_token_session(CLAIMS)
    invitation = invited(opened)
    asked = opened.ask_new(session, invitation, NOW)
    made = device.create(asked["options"], origin)
    assert (
        refusal(lambda: opened.keep_new(session, invitation, asked["ceremony"], made, "x", NOW))
        == "passkey-refused"
    )
    device.id, device.key = good.id, good.key
    question = opened.ask(session, ADMIN, NOW)
    answer = device.get(question["options"], origin)
    assert refusal(lambda: opened.answer(session, question["ceremony"], answer, NOW)) == "passkey-refused"
    assert elevation_of(opened, CLAIMS, "/admin", NOW) is None


def test_a_copied_passkey_is_noticed_by_its_counter(opened: StepUpService) -> None:
    device = registered(opened, Device("app.example", counter=5))
    confirmed(opened, device)
    device.counter = 3
    assert refusal(lambda: confirmed(opened, device)) == "passkey-copied"
    synced = registered(opened, Device("app.example", counter=None))
    confirmed(opened, synced)
    confirmed(opened, synced)


def test_registering_needs_an_invitation_for_this_account_once(opened: StepUpService) -> None:
    session = read_token_session(CLAIMS)
    assert refusal(lambda: opened.ask_new(session, "", NOW)) == "invitation-refused"
    assert refusal(lambda: opened.ask_new(session, new_invitation()[0], NOW)) == "invitation-refused"
    invitation = invited(opened, CLAIMS | {"sub": "bob"})
    assert refusal(lambda: opened.ask_new(session, invitation, NOW)) == "invitation-refused"
    invitation = invited(opened)
    assert refusal(lambda: opened.ask_new(session, invitation, NOW + 3601)) == "invitation-refused"
    questions = [opened.ask_new(session, invitation, NOW) for _ in range(2)]
    devices = [Device("app.example"), Device("app.example")]
    answers = [
        device.create(asked["options"], ORIGIN) for device, asked in zip(devices, questions, strict=True)
    ]
    opened.keep_new(session, invitation, questions[0]["ceremony"], answers[0], "one", NOW)
    again = lambda: opened.keep_new(session, invitation, questions[1]["ceremony"], answers[1], "two", NOW)  # noqa: E731
    assert refusal(again) == "invitation-refused"
    assert [passkey.name for passkey in opened.store.passkeys(session.account)] == ["one"]


def test_a_code_elevates_once_and_is_worth_less(opened: StepUpService) -> None:
    maker, session = with_codes(opened), read_token_session(CLAIMS)
    used = maker.at(int(NOW))
    assert (
        refusal(lambda: opened.answer_code(session, used, ADMIN, NOW)) == "code-used"
    )  # it confirmed the secret
    later = NOW + 60
    given_ = opened.answer_code(session, maker.at(int(later)), ADMIN, later)
    assert given_.acr == "mfa"
    assert given_.amr == {"otp"}
    assert refusal(lambda: opened.answer_code(session, maker.at(int(later)), ADMIN, later)) == "code-used"
    assert (
        refusal(lambda: opened.answer_code(session, maker.at(int(later) - 30), ADMIN, later)) == "code-used"
    )
    confirmed(opened, registered(opened, Device("app.example")), now=later)
    opened.answer_code(session, maker.at(int(later) + 30), ADMIN, later + 30)
    found = opened.elevations_of(CLAIMS, "/admin", later + 31)
    assert [one.acr for one in found] == ["mfa", "phr"]  # a code given later takes nothing back


def test_guessing_codes_ends_soon_also_with_many_at_once(opened: StepUpService) -> None:
    maker, session = with_codes(opened), read_token_session(CLAIMS)
    later = NOW + 600
    right = maker.at(int(later))
    wrong = str((int(right) + 1) % 1_000_000).zfill(6)
    seen: list[str] = []

    def guess() -> None:
        seen.append(refusal(lambda: opened.answer_code(session, wrong, ADMIN, later)))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["code-refused"] * service.ATTEMPTS + ["too-many-attempts"] * (
        12 - service.ATTEMPTS
    )
    assert refusal(lambda: opened.answer_code(session, right, ADMIN, later)) == "too-many-attempts"
    after = later + service.ATTEMPTS_SECONDS + 1
    assert opened.answer_code(session, maker.at(int(after)), ADMIN, after).acr == "mfa"


def test_one_of_many_at_once_uses_a_code(opened: StepUpService) -> None:
    maker, session = with_codes(opened), read_token_session(CLAIMS)
    later = NOW + 90
    code = maker.at(int(later))
    won: list[Elevation] = []

    def attempt() -> None:
        with suppress(StepUpRefused):
            won.append(opened.answer_code(session, code, ADMIN, later))

    threads = [threading.Thread(target=attempt) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


@given(st.text(max_size=12))
def test_no_text_but_a_code_is_one(text: str) -> None:
    secret = codes.new_secret()
    step = codes.find_time_step(secret, text, NOW)
    if step is not None:
        assert pyotp.TOTP(secret.decode()).generate_otp(step) == text


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=40) | st.binary(max_size=4),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON", "authenticatorData",
                                         "signature", "attestationObject"]), inner, max_size=6), max_leaves=12))  # fmt: skip
def test_no_answer_raises_or_is_taken(answer: Any) -> None:
    from seawall.gate.step_up.records import StoredPasskey
    from seawall.gate.step_up.service import verify_new_passkey, verify_passkey
    from seawall.web.webauthn import RelyingParty

    party = RelyingParty("app.example", "x", (ORIGIN,))
    if isinstance(answer, dict):
        assert verify_new_passkey(party, answer, b"c" * 32, "x") is None
        assert verify_passkey(party, answer, b"c" * 32, [StoredPasskey(b"i" * 32, b"", 0)]) is None


def test_removing_an_account_ends_its_elevations(opened: StepUpService) -> None:
    device = registered(opened, Device("app.example"))
    with_codes(opened)
    confirmed(opened, device)
    (listed,) = opened.store.list_enrolled()
    assert listed.code
    assert [name for name, _, _ in listed.passkeys] == ["key"]
    assert opened.store.remove(read_token_session(CLAIMS).account)
    assert elevation_of(opened, CLAIMS, "/admin", NOW) is None
    assert opened.state(read_token_session(CLAIMS)) == {"passkeys": 0, "code": False}
    assert not opened.store.remove(read_token_session(CLAIMS).account)


def test_secrets_are_sealed_and_a_lost_key_is_said(opened: StepUpService, tmp_path: Path) -> None:
    secret = with_codes(opened).secret.encode()
    for file in tmp_path.iterdir():
        assert secret not in file.read_bytes()
    path = opened.store.path
    key_file(path).write_bytes(bytes(32))
    other = StepUpStore(path)
    with pytest.raises(StoreBroken):
        other.code(read_token_session(CLAIMS).account, confirmed=True)
    other.close()


def test_a_broken_store_elevates_nobody(opened: StepUpService) -> None:
    confirmed(opened, registered(opened, Device("app.example")))
    opened.store.close()
    assert elevation_of(opened, CLAIMS, "/admin", NOW) is None


@pytest.mark.parametrize("what", ["deleted", "another"])
def test_a_store_that_is_exchanged_while_it_is_open_elevates_nobody(
    opened: StepUpService, tmp_path: Path, what: str
) -> None:
    """One thread with the old file and one with the new one would each take a code that is good once."""
    maker = with_codes(opened)
    confirmed(opened, registered(opened, Device("app.example")))
    assert opened.store.readable()
    opened.store.path.rename(tmp_path / "old.db")
    if what == "another":
        key_file(opened.store.path).unlink()
        create(opened.store.path)
    assert not opened.store.readable()
    assert elevation_of(opened, CLAIMS, "/admin", NOW) is None
    with pytest.raises(StoreBroken):
        opened.answer_code(read_token_session(CLAIMS), maker.at(int(NOW) + 60), ADMIN, NOW + 60)


def test_a_commit_that_fails_keeps_nobody_out_afterwards(opened: StepUpService) -> None:
    device = registered(opened, Device("app.example"))
    store = opened.store

    class Full:
        """A connection whose commits fail."""

        def __init__(self, real: sqlite3.Connection) -> None:
            self._real = real

        def execute(self, query: str, *values: Any) -> Any:
            if query == "COMMIT":
                raise sqlite3.OperationalError("database or disk is full")
            return self._real.execute(query, *values)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    real = store._local.connection
    store._local.connection = Full(real)
    with pytest.raises(StoreBroken):
        opened.ask(read_token_session(CLAIMS), ADMIN, NOW)
    assert not real.in_transaction
    store._local.connection = real
    assert confirmed(opened, device).acr == "phr"


def test_a_proof_for_everything_is_none_for_what_has_a_rule_of_its_own(opened: StepUpService) -> None:
    confirmed(opened, registered(opened, Device("app.example")), ElevationPath("/", below=True))
    assert opened.elevations_of(CLAIMS, "/mail", NOW, within="/")
    assert not opened.elevations_of(CLAIMS, "/admin/users", NOW, within="/admin")
    assert not opened.elevations_of(CLAIMS, "/Admin", NOW, within="/ADMIN")


def test_questions_of_one_session_are_not_in_the_way_of_another(opened: StepUpService) -> None:
    device = registered(opened, Device("app.example"))
    other = read_token_session(CLAIMS | {"sid": "of an intruder"})
    for _ in range(service.OPEN_CEREMONIES):
        opened.ask(other, ADMIN, NOW)
    assert refusal(lambda: opened.ask(other, ADMIN, NOW)) == "too-many-attempts"
    assert confirmed(opened, device).acr == "phr"


@pytest.mark.parametrize("damage", ["missing", "open", "text", "no key", "short key"])
def test_a_store_that_is_none_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "step-up.db"
    create(path)
    match damage:
        case "missing":
            path.unlink()
        case "open":
            path.chmod(0o644)
        case "text":
            path.write_text("no database at all" * 100)
        case "no key":
            key_file(path).unlink()
        case _:
            key_file(path).write_bytes(b"short")
    with pytest.raises(StoreBroken):
        StepUpStore(path)


def test_a_place_is_that_of_the_rule() -> None:
    rules = PathRules([PathRule(prefix="/admin", acr_values=("phr",)), PathRule(exact="/pay", acr_values=("phr",)),
                       PathRule(prefix="/open", public=True)])  # fmt: skip
    assert find_elevation_path("/Admin/users?x=1", "GET", rules) == ElevationPath("/admin", below=True)
    assert find_elevation_path("/pay", "POST", rules) == ElevationPath("/pay", below=False)
    assert find_elevation_path("/mail/1", "GET", rules) == ElevationPath("/mail/1", below=False)
    assert find_elevation_path("/open/1", "GET", rules) == ElevationPath("/open/1", below=False)
    with pytest.raises(PathAmbiguous):
        find_elevation_path("/admin/../x", "GET", rules)

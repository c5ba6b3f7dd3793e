"""Signing in and the audit trail over PostgreSQL, where two requests really write at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from seawall.console.sign_in import invitation_codes
from seawall.console.sign_in.passwords import Passwords
from seawall.storage.database import Database
from tests.console.consoles import Console, console
from tests.storage.database.postgresql import Server, programs

PASSWORD = "seven lanterns under the quiet pier"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    found = programs()
    if found is None:
        pytest.skip("there is no PostgreSQL here (tools/ensure_postgresql.sh installs it where it can)")
    running = Server(found)
    yield running
    running.remove()


@pytest.fixture
def team(server: Server, tmp_path: Path) -> Iterator[Console]:
    database = Database.open(server.schema(), should_migrate=True)
    with console(tmp_path, database=database) as made:
        made.context.notes["sign-in"].passwords = Passwords(memory_kib=64, passes=1)
        yield made
    database.close()


def test_the_first_admin_signs_in_with_password_and_code(team: Console) -> None:
    with team.context.database.writing() as work:
        code = invitation_codes.create_setup_code(work, at=team.clock())
    browser = team.browser()
    answer = browser.post("/api/setup", {"code": code, "name": "Ann", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    browser.csrf = ""
    totp = pyotp.TOTP(browser.post("/api/me/totp").json()["secret"])
    assert browser.post("/api/me/totp/confirm", {"code": totp.at(team.clock.seconds)}).status_code == 200
    team.clock.pass_seconds(30)
    asked = {"name": "ann", "password": PASSWORD, "code": totp.at(team.clock.seconds)}
    other = team.browser()
    assert other.post("/api/sign-in/password", asked).status_code == 200
    other.csrf = ""
    assert other.get("/api/audit/verify").json()["whole"] is True
    assert [one["action"] for one in other.get("/api/audit").json()["items"]] == [
        "sign-in", "totp-added", "sign-in", "setup",
    ]  # fmt: skip
    assert other.get("/api/summary").status_code == 200


def test_one_code_opens_once_however_many_try(team: Console) -> None:
    with team.context.database.writing() as work:
        code = invitation_codes.parse_code(invitation_codes.create_setup_code(work, at=team.clock()))
    opened: list[bool] = []

    def take() -> None:
        with team.context.database.writing() as work:
            opened.append(work.invites.redeem(code, invitation_codes.SETUP, at=team.clock()) is not None)

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opened) == [False] * 5 + [True]


def test_entries_written_at_once_are_one_chain(team: Console) -> None:
    def write(number: int) -> None:
        for turn in range(5):
            with team.context.database.writing() as work:
                work.audit.append(at=team.clock(), actor=f"user {number}", action="test", subject=str(turn))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = team.signed_in("admin").get("/api/audit/verify").json()
    assert (verdict["whole"], verdict["entries"]) == (True, 20)

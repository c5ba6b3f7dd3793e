"""The gate's store of passkeys of version 0.1: passkey, one-time codes, elevation and invitation hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from seawall.gate.settings import StepUpSettings
from seawall.gate.step_up.service import StepUpService
from seawall.gate.step_up.session import read_token_session
from seawall.gate.step_up.store import StepUpStore
from tests.cli.conftest import Run
from tests.gate.step_up.device import Device
from tests.gate.step_up.test_service import ADMIN, CLAIMS, NOW, ORIGIN, confirmed, elevation_of, refusal
from tests.upgrade.conftest import MOMENT, Unpack, VerbInJson, device_of

LATER = NOW + 100


@pytest.fixture
def kept(unpack: Unpack) -> Path:
    return unpack("step_up")


@pytest.fixture
def notes(kept: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((kept / "enrolled.json").read_text("utf-8"))
    return found


@pytest.fixture
def service(kept: Path) -> Iterator[StepUpService]:
    store = StepUpStore(kept / "step-up.db")
    yield StepUpService(StepUpSettings(enabled=True, relying_party="app.example"), (ORIGIN,), store)
    store.close()


def test_an_elevation_lasts_as_long_as_it_was_given(service: StepUpService) -> None:
    found = elevation_of(service, CLAIMS, "/admin/users", LATER)
    assert found is not None
    assert (found.acr, found.until) == ("phr", NOW + 300)
    assert elevation_of(service, CLAIMS, "/admin", NOW + 300) is None


def test_a_passkey_of_then_elevates_and_counts_on(service: StepUpService, notes: dict[str, Any]) -> None:
    device = device_of(notes["device"], "app.example")
    assert confirmed(service, device, now=NOW + 1000).until == NOW + 1300
    device.counter = notes["device"]["counter"] - 1
    assert refusal(lambda: confirmed(service, device, now=NOW + 1001)) == "passkey-copied"


def test_codes_of_then_are_taken_once(service: StepUpService, notes: dict[str, Any]) -> None:
    code = pyotp.TOTP(notes["secret"]).at(int(NOW + 1000))
    given = service.answer_code(read_token_session(CLAIMS), code, ADMIN, NOW + 1000)
    assert given.acr == "mfa"
    assert (
        refusal(lambda: service.answer_code(read_token_session(CLAIMS), code, ADMIN, NOW + 1001))
        == "code-used"
    )


def test_an_invitation_of_then_registers_a_passkey(service: StepUpService, notes: dict[str, Any]) -> None:
    bob, at = read_token_session(CLAIMS | {"sub": "bob"}), MOMENT + 3600.0
    device, invitation = Device("app.example"), notes["bob"]["invitation"]
    asked = service.ask_new(bob, invitation, at)
    service.keep_new(
        bob, invitation, asked["ceremony"], device.create(asked["options"], ORIGIN), "Bob's key", at
    )
    assert [one.name for one in service.store.passkeys(bob.account)] == ["Bob's key"]


def test_accounts_are_listed_and_forgotten(kept: Path, run: Run, answer: VerbInJson) -> None:
    accounts = answer("step-up", "list", "--store", "step-up.db")["accounts"]
    assert {one["subject"] for one in accounts} == {"ann", "bob"}
    removed = ("step-up", "remove", "--store", "step-up.db", "--issuer", "https://issuer.example")
    assert run(*removed, "--subject", "ann").code == 0
    assert [one["subject"] for one in answer("step-up", "list", "--store", "step-up.db")["accounts"]] == [
        "bob"
    ]

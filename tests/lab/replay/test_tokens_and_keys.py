"""Tokens are given to the real verifier, and keys to the real audit: what they refuse and find is theirs to say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from seawall.lab.replay.custody import audit_key
from seawall.lab.replay.incident_file import IncidentStage, load_incident
from seawall.lab.replay.leak_scan import search_exposed
from seawall.lab.replay.tokens import verify_tokens

STORM = load_incident("storm-0558")


def with_token(kind: str) -> IncidentStage:
    return IncidentStage("use", 0.0, "a token is used", token=kind)


def test_the_forged_token_is_refused_by_its_keys_issuer(tmp_path: Path) -> None:
    verdicts = {one.stage: one.code for one in verify_tokens(STORM, tmp_path)}
    assert verdicts == {"reading": "key-issuer-mismatch", "renewal-blocked": "renewal-access-token"}


def test_a_genuine_token_is_accepted_with_the_same_policy_and_keys(tmp_path: Path) -> None:
    (verdict,) = verify_tokens(replace(STORM, stages=(with_token("genuine"),)), tmp_path)
    assert (verdict.code, verdict.kind) == ("", "genuine")


def test_an_unsigned_actor_token_is_refused(tmp_path: Path) -> None:
    (verdict,) = verify_tokens(replace(STORM, stages=(with_token("actor-token"),)), tmp_path)
    assert verdict.code


def test_the_audit_speaks_years_before_the_incident(tmp_path: Path) -> None:
    findings = {one.code: one for one in audit_key(STORM, tmp_path)}
    assert findings["too-old"].is_raised
    assert date(2017, 5, 1) < findings["too-old"].day < date(2017, 7, 1)
    assert date(2018, 9, 1) <= findings["consumer-key-in-shared-set"].day < date(2018, 10, 2)
    assert date(2021, 4, 4) <= findings["expired-still-served"].day < date(2021, 5, 5)


def test_a_key_that_is_young_and_alone_gives_no_grave_finding(tmp_path: Path) -> None:
    assert STORM.key is not None
    key = replace(
        STORM.key,
        issued=date(2023, 1, 1),
        certificate_ends=date(2024, 1, 1),
        shared_since=date(2025, 1, 1),
    )
    assert [one.code for one in audit_key(replace(STORM, key=key), tmp_path) if one.is_raised] == []


def test_without_a_key_there_is_nothing_to_audit(tmp_path: Path) -> None:
    assert audit_key(replace(STORM, key=None), tmp_path) == []


def test_a_search_finds_the_key_in_a_dump(tmp_path: Path) -> None:
    (found,) = search_exposed(load_incident("storm-0558"), tmp_path)
    assert (found.stage, found.found) == ("crash-dump", 1)
    assert "bcrypt-rsa" in found.says


def test_a_search_says_that_a_recording_holds_no_key(tmp_path: Path) -> None:
    (found,) = search_exposed(load_incident("okta-support"), tmp_path)
    assert found.found == 0
    assert "there is no private key in it" in found.says


def test_nothing_is_searched_where_no_file_left_the_house(tmp_path: Path) -> None:
    assert search_exposed(load_incident("tycoon-2fa"), tmp_path) == []

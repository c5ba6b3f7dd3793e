"""How the sessions began in which an intruder read mail: a fact beside the reasons, and no part of the score."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from seawall import scan
from seawall.detection.incidents.session_beginnings import beginnings, merge_sessions
from seawall.lab.worlds import WorldSettings, make_world
from seawall.report.incident_words import beginnings_text, ticket_lines
from seawall.storage.files.incident_documents import incident_document, incident_from_document
from tests.detection.authentication_strength.test_findings import mail
from tests.detection.authentication_strength.test_takeover import MOBILE, PASSWORD, signed
from tests.sample_events import batches


def test_sessions_are_counted_by_the_sign_ins_of_their_account_on_the_day(tmp_path: Path) -> None:
    rows = [
        signed("weak", parameters=PASSWORD, session_uid="s1"), mail("m1", "s1"), mail("m2", "s1"),
        signed("strong", parameters=MOBILE, session_uid="s2"), mail("m3", "s2"), mail("m4", "s3"), mail("m5", None),
        signed("other", "ben@x.example", MOBILE, session_uid="s3"), mail("m6", "s1", account="ben@x.example"),
    ]  # fmt: skip
    ((_, batch),) = batches(tmp_path, rows)
    own = np.flatnonzero(batch.actor == batch.actor[0])
    everything = (("strong", 1), ("weak", 1), ("no sign-in seen", 1), ("no session in the record", 1))
    assert beginnings(batch, own) == everything
    assert beginnings(batch, own[batch.one_of("kind", ("sign_in",))[own]]) == ()
    assert merge_sessions([everything, (("weak", 2),)])["weak"] == 3


def test_an_incident_says_it_and_its_reasons_still_sum_to_the_score(tmp_path: Path) -> None:
    make_world(WorldSettings(seed=5, accounts=20, days=16), tmp_path / "world")
    result = scan(tmp_path / "world" / "logs", budget=5)
    told = [one for one in result.incidents if beginnings_text(one)]
    assert told
    for one in told:
        assert abs(one.base + sum(reason.weight for reason in one.reasons) - one.score) < 1e-4
        assert any(line.startswith("Sessions in which mail was read") for line in ticket_lines(one))
        again = incident_from_document(json.loads(json.dumps(incident_document(one))))
        assert beginnings_text(again) == beginnings_text(one)
    assert beginnings_text(replace(told[0], details={"session_roots": "<b>"})) == ""
    assert beginnings_text(replace(told[0], details={"session_roots": {"weak": "<b>"}})) == ""

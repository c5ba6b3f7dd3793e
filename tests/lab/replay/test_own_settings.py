"""A replay of a user's own incident, with the coverage of his own logs: what no log holds is not seen, and is still stopped."""

from __future__ import annotations

import pytest

from seawall.lab.replay.document import replay_document
from seawall.lab.replay.organisation import OrganisationChoice
from seawall.lab.replay.own_coverage import OwnCoverage, keep_covered
from seawall.lab.replay.run import IncidentFindings, ReplayRequest, run_replays
from seawall.report.replay_page import render_replay

OWN = """title = "Ours"
summary = "A phished session reads mail."
began = 2026-10-01
length = 3
systems = ["microsoft"]
victims = 1
contained = 1.0
sources = []

[[stages]]
id = "sign-in"
day = 0.3
title = "A sign-in through a phishing site"
act = "phish_sign_in"
assumption = "ours"

[[stages]]
id = "return"
day = 2.0
title = "The intruder signs in again"
act = "return_with_method"
assumption = "ours"
"""
COVERAGE = OwnCoverage(missing=frozenset({"sign_in"}))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> IncidentFindings:
    folder = tmp_path_factory.mktemp("own")
    path = folder / "ours.toml"
    path.write_text(OWN)
    choice = OrganisationChoice(accounts=50, density=0.1)
    request = ReplayRequest(
        [str(path)], choice, keeps=keep_covered(COVERAGE), coverage=("no sign-in records",)
    )
    (one,) = run_replays(request, folder)
    return one


@pytest.mark.slow
def test_policies_judge_sign_ins_that_the_own_logs_do_not_hold(found: IncidentFindings) -> None:
    assert [one.outcome for one in found.stopped] == ["asked for more", "asked for more"]
    read = set(found.records_read.times)
    assert read, "the mail that is read is in the logs"
    assert read < found.staged.ids
    assert not read & {one.record for one in found.stopped}


@pytest.mark.slow
def test_the_page_says_what_the_own_logs_leave_out(found: IncidentFindings) -> None:
    document = replay_document(
        [found], OrganisationChoice(accounts=50), "the reference configuration", ("no sign-in records",)
    )
    page = render_replay(document)
    assert "logs with the coverage of yours: no sign-in records" in page
    assert "would have been asked for a stronger method" in page

"""Write the results of replays into a folder: page, document, and for one incident the logs and an ordinary scan of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from seawall.detection.incident import Incident
from seawall.lab.replay.detection import judge_incidents
from seawall.lab.replay.document import replay_document
from seawall.lab.replay.layers import DETECTOR_SETTINGS
from seawall.lab.replay.organisation import OrganisationChoice
from seawall.lab.replay.run import IncidentFindings, ReplayRequest, Tell, run_replays
from seawall.pipeline.scan import scan
from seawall.report.replay_page import write_replay_page
from seawall_base import private_files
from seawall_base.errors import OutputUnwritable

DOCUMENT, PAGE, LOGS, SCAN = "replay.json", "replay.html", "logs", "scan"


def write_results(request: ReplayRequest, out: Path, tell: Tell | None = None) -> dict[str, Any]:
    """Replay, and return the document, which is written with its page into `out`. The logs of one incident are kept there.

    Raises `OutputUnwritable` if `out` cannot be written, or holds logs already.
    """
    keeps_logs = len(request.names) == 1
    try:
        private_files.make_folder(out)
        if keeps_logs and (out / LOGS).exists():
            raise OutputUnwritable(
                f"{out / LOGS} holds files already", fix="choose another folder with --out, or empty it"
            )
        with tempfile.TemporaryDirectory(prefix=".seawall-", dir=out) as scratch:
            found = run_replays(request, out if keeps_logs else Path(scratch), tell)
            if keeps_logs and request.keeps is None:
                if tell is not None:
                    tell("scanning the logs as seawall scan does")
                found = [_read_scan(found[0], scan(out / LOGS, out / SCAN).incidents)]
            document = build_document(request, found)
        private_files.write_text(out / DOCUMENT, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise OutputUnwritable(
            f"cannot write into {out}: {error.strerror or error}", fix="choose another folder with --out"
        ) from error
    write_replay_page(out / PAGE, document)
    return document


def _read_scan(found: IncidentFindings, incidents: Sequence[Incident]) -> IncidentFindings:
    """Return the findings with the verdict of all detectors as an ordinary scan of the same logs gives it."""
    records = found.records_read
    own = [
        (rank, one)
        for rank, one in enumerate(
            sorted(incidents, key=lambda one: -one.score), 1
        )  # as the budget takes them
        if any(uid in records.times for uid in one.events)
    ]
    verdict = judge_incidents(own, records, sum(one.raised for one in incidents))
    return replace(found, detections={**found.detections, DETECTOR_SETTINGS[0]: verdict})


def build_document(request: ReplayRequest, found: Sequence[IncidentFindings]) -> dict[str, Any]:
    """Return the document of replays that were run."""
    choice: OrganisationChoice = request.choice
    name = "the configuration that was given" if request.configuration else "the reference configuration"
    return replay_document(found, choice, name, request.coverage)

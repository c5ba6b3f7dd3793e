"""The files of an export: each form by itself, and a folder of all with the SHA-256 of each."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.detection.incident import Incident
from seawall.response.export import ocsf, sigma, stix_bundle, tables
from seawall.response.export.artefacts import Artefacts
from seawall_base.durable_file import write_whole
from seawall_base.errors import OutputUnwritable

MANIFEST: Final = "SHA256SUMS"
_FIX: Final = "choose another folder with --to"
FORMS: Final = {
    "ocsf": "finding.json",
    "stix": "bundle.json",
    "records": "records.csv",
    "reasons": "reasons.csv",
    "sigma": "rules.yml",
}
"""The forms, and the file of each."""


def render_files(incident: Incident, artefacts: Artefacts, version: str) -> dict[str, str]:
    """Return the content of every file of an export by its name, in the order of `FORMS`.

    Without anything that tells the intruder from the holder there are no rules.
    """
    made: dict[str, Callable[[], str]] = {
        FORMS["ocsf"]: lambda: _json(ocsf.make_finding(incident, artefacts, version)),
        FORMS["stix"]: lambda: _json(stix_bundle.make_incident_bundle(incident, artefacts)),
        FORMS["records"]: lambda: tables.write_records(artefacts),
        FORMS["reasons"]: lambda: tables.write_reasons(incident),
        FORMS["sigma"]: lambda: write_yaml(sigma.make_rules(incident, artefacts)),
    }
    found = {name: make() for name, make in made.items()}
    return {name: content for name, content in found.items() if content}


def write_yaml(rules: list[dict[str, Any]]) -> str:
    """Rules as one YAML file, a document each; text that looks like YAML stays text."""
    import yaml

    if not rules:
        return ""
    written = io.StringIO()
    yaml.safe_dump_all(rules, written, sort_keys=False, allow_unicode=True, width=120)
    return written.getvalue()


def write_files(folder: Path, made: dict[str, str]) -> None:
    """Write the files and their sums into a folder. Raises `OutputUnwritable`."""
    contents = {name: text.encode("utf-8", "replace") for name, text in made.items()}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in contents.items())
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(f"{folder}: {error.strerror}", fix=_FIX) from None
    for name, content in {**contents, MANIFEST: sums.encode("ascii")}.items():
        write_whole(folder / name, content, fix=_FIX)


def _json(document: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"

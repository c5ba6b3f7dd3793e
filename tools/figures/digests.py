"""Digests of everything that determines a figure; figures whose stored digests differ are stale."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SOURCES: Final[dict[str, tuple[str, ...]]] = {
    "engine": (
        "src/seawall/detection/**/*.py",
        "src/seawall/events/**/*.py",
        "src/seawall/events/networks/data/*",
        "src/seawall/pipeline/__init__.py",
        "src/seawall/pipeline/full_scratch.py",
        "src/seawall/pipeline/keep_raw.py",
        "src/seawall/pipeline/scan.py",
        "src/seawall/pipeline/scan_inputs.py",
        "src/seawall/storage/__init__.py",
        "src/seawall/storage/errors.py",
        "src/seawall/storage/files/*.py",
        "src/seawall/storage/lake/*.py",
        "src/seawall/storage/raw_records/*.py",
        "src/seawall/storage/spool/*.py",
        "src/seawall/version.py",
        *(
            f"packages/seawall-base/src/seawall_base/{name}.py"
            for name in (
                "document_version",
                "errors",
                "full_disk",
                "plurals",
                "private_files",
                "progress",
                "regular_files",
                "safe_text",
                "times",
            )
        ),
    ),
    "rules": ("src/seawall/detection/rules/**/*.yml",),
    "ranker": ("src/seawall/detection/ranking/data/*",),
    "report": (
        "src/seawall/cli/results.py",
        "src/seawall/cli/scan.py",
        "src/seawall/report/**/*.py",
        "src/seawall/report/templates/*",
        "src/seawall/response/*.py",
        "src/seawall/response/containment/*.py",
        "src/seawall/response/notification/*.py",
    ),
    "made-up organisations": ("src/seawall/lab/__init__.py", "src/seawall/lab/worlds/**/*.py"),
    "speed measurement": tuple(
        f"bench/{name}.py" for name in ("bare_read", "batches", "corpora", "scan_million", "varied")
    ),
    "detection measurement": ("src/seawall/lab/evaluate/**/*.py",),
}
"""Files by role. A pattern without a match is an error, because its files were moved."""

LOCK: Final = "requirements/development.lock"
_EVALUATION: Final = (
    "duckdb", "lightgbm", "msgspec", "numpy", "pyarrow", "pyod", "pysigma", "scikit-learn", "scipy",
)  # fmt: skip
LIBRARIES: Final = {
    "left-out": _EVALUATION,
    "detection": _EVALUATION,
    "speed": ("duckdb", "maxminddb", "msgspec", "numpy", "pyarrow", "pybase64", "pysigma", "zstandard"),
}
DECIDED_BY: Final = {
    "left-out": ("engine", "rules", "ranker", "detection measurement"),
    "detection": ("engine", "rules", "ranker", "made-up organisations", "detection measurement"),
    "speed": ("engine", "rules", "ranker", "report", "made-up organisations", "speed measurement"),
}
"""The parts of the figures, which are measured separately, and the files that determine each besides its libraries."""


def digest_files(root: Path, patterns: tuple[str, ...]) -> str:
    """Return the digest of names and contents of all matching files. Raises `ValueError` if a pattern matches none.

    Comments, docstrings and layout of Python files cannot change a figure and are left out.
    """
    found: dict[str, Path] = {}
    for pattern in patterns:
        matches = [path for path in root.glob(pattern) if path.is_file() and "__pycache__" not in path.parts]
        if not matches:
            raise ValueError(f"no file is {pattern}: what decides the figures was moved")
        found |= {path.relative_to(root).as_posix(): path for path in matches}
    whole = hashlib.sha256()
    for name, path in sorted(found.items()):
        content = code_alone(path.read_text("utf-8")) if path.suffix == ".py" else path.read_bytes()
        whole.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


def code_alone(source: str) -> bytes:
    """Return the syntax tree of Python source as bytes, without comments, docstrings and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(node, block, None)
            if isinstance(statements, list):
                setattr(node, block, [statement for statement in statements if not _is_prose(statement)])
    return ast.dump(tree).encode()


def _is_prose(statement: ast.AST) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def digest_libraries(lock: str, names: tuple[str, ...]) -> str:
    """Return the digest of the locked versions of some packages. Raises `ValueError` if one is not locked."""
    versions = []
    for name in names:
        found = re.findall(rf"^{re.escape(name)}==([^\s\\]+)[^\n\\]*", lock, re.MULTILINE)
        if not found:
            raise ValueError(f"{LOCK} does not lock {name}")
        versions.append(f"{name} {' '.join(sorted(found))}")
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:16]


def digests_of(root: Path, part: str) -> dict[str, str]:
    """Return the digests of everything that determines one part of the figures."""
    found = {name: digest_files(root, SOURCES[name]) for name in DECIDED_BY[part]}
    return {**found, "libraries": digest_libraries((root / LOCK).read_text("utf-8"), LIBRARIES[part])}


def stale(kept: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the names of digests that changed since the measurement, empty if the figures are current."""
    return sorted(name for name in kept.keys() | now.keys() if kept.get(name) != now.get(name))

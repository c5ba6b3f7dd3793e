"""Installing what is built: wheels into an empty environment, with the libraries of this one or only those that are declared."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.once import make_once

ROOT = Path(__file__).parents[1]
BASE, TOKENS = PARTS = (ROOT / "packages/seawall-base", ROOT / "packages/seawall-tokens")
"""The packages that the product stands on."""

OWN = {"seawall", "seawall-base", "seawall-tokens"}


def built(kind: str, source: Path, out: Path) -> Path:
    """One distribution, built with the build tools of this environment."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)],
        cwd=source,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    words = done.stdout + done.stderr
    if "npm registry could not be reached" in words:
        pytest.skip("the npm registry could not be reached: the wheel was not built")
    assert done.returncode == 0, words
    return next(out.glob("*.tar.gz" if kind == "sdist" else "*.whl"))


def wheel_of(source: Path, factory: pytest.TempPathFactory) -> Path:
    """The wheel of a folder of sources, built once in a test run."""
    place = make_once(factory, f"wheel-{source.name}", lambda place: built("wheel", source, place).touch())
    return next(place.glob("*.whl"))


def wheels_of_parts(factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of the two packages that the product stands on."""
    return [wheel_of(part, factory) for part in PARTS]


def make_environment(wheels: Sequence[Path], place: Path) -> Path:
    """Make a new environment with these wheels and nothing else; return its folder of packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    install = [sys.executable, "-m", "pip", "--python", str(place / "bin/python"), "install"]
    subprocess.run([*install, "-q", "--no-compile", "--no-deps", "--no-index", *map(str, wheels)], check=True)
    return next(place.glob("lib/python*/site-packages"))


def installed(wheels: Sequence[Path], place: Path) -> Path:
    """A new environment with the wheels; libraries are those of this one, the packages are not."""
    packages = make_environment(wheels, place)
    (packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return place / "bin" / "seawall"


def declared(source: Path) -> list[str]:
    """The dependencies that a package declares."""
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    return [str(one) for one in project["dependencies"]]


def closure(wanted: Iterable[str]) -> Iterator[str]:
    """The distributions that these requirements bring on this machine, as they are installed here."""
    waiting, seen = [(Requirement(one), "") for one in wanted], set[tuple[str, str]]()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted_extra in ("", *requirement.extras):
            if name in OWN or (name, wanted_extra) in seen:
                continue
            seen.add((name, wanted_extra))
            waiting += [(Requirement(one), wanted_extra) for one in distribution(name).requires or ()]
    yield from sorted({name for name, _ in seen})


def copy_distribution(name: str, packages: Path) -> None:
    """Copy a distribution of this environment into another's folder of packages, with its bytecode and the times in it."""
    for file in distribution(name).files or ():
        source = Path(str(file.locate()))
        if ".." in file.parts or not source.is_file():
            continue
        place = packages / file
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, place)


def disk_size(folder: Path) -> int:
    """Bytes that a folder takes on disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())

"""Build a release: `python -m tools.build_release OUT`. It needs `pip install cyclonedx-bom` for the SBOM.

OUT gets the wheels and source distributions of the three distributions, man pages, an SBOM of what
`requirements/product.lock` installs (CycloneDX 1.6, JSON), and `SHA256SUMS` of all these files. Sign that file with the
release's key.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCES: Final = (ROOT / "packages/seawall-base", ROOT / "packages/seawall-tokens", ROOT)
SUMS: Final = "SHA256SUMS"
EPOCH: Final = "1764460800"
"""The time that archives carry unless `SOURCE_DATE_EPOCH` says otherwise, so that the same sources give the same bytes."""


def build_distributions(out: Path) -> None:
    """Build wheel and source distribution of each of the three. Raises CalledProcessError."""
    environment = {"SOURCE_DATE_EPOCH": EPOCH, **os.environ, "SEAWALL_CONSOLE": "required"}
    for source in SOURCES:
        command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
        subprocess.run(command, cwd=source, check=True, env=environment)


def write_sbom(out: Path) -> None:
    """Write the SBOM of the locked dependencies. Raises `SystemExit` if the tool is missing, and CalledProcessError."""
    tool = Path(sys.executable).with_name("cyclonedx-py")
    if not tool.is_file():
        raise SystemExit("the SBOM needs cyclonedx-py: pip install cyclonedx-bom")
    command = [str(tool), "requirements", str(ROOT / "requirements/product.lock"), "--pyproject", str(ROOT / "pyproject.toml"),
               "--spec-version", "1.6", "--output-reproducible", "--output-format", "JSON",
               "--output-file", str(out)]  # fmt: skip
    subprocess.run(command, check=True)


def pack_man_pages(out: Path) -> None:
    """Write the man pages as one archive, with the same bytes for the same pages."""
    from tools.man_pages import write_pages

    folder = out.with_name("man1")
    pages = write_pages(folder)
    with tarfile.open(out, "w") as archive:
        for page in sorted(pages):
            about = tarfile.TarInfo(f"man1/{page.name}")
            about.size, about.mtime = page.stat().st_size, int(os.environ.get("SOURCE_DATE_EPOCH", EPOCH))
            with page.open("rb") as content:
                archive.addfile(about, content)
    shutil.rmtree(folder)


def write_sums(folder: Path) -> Path:
    """Write the SHA-256 of every file of a folder, as `sha256sum --check` reads it."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != SUMS)
    sums = folder / SUMS
    sums.write_text(
        "".join(f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files), "utf-8"
    )
    return sums


def main(arguments: list[str]) -> int:
    """Build everything into an empty folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise SystemExit(f"{out} is not empty")
    build_distributions(out)
    pack_man_pages(out / "seawall-man-pages.tar")
    write_sbom(out / "seawall-sbom.cdx.json")
    print(write_sums(out).read_text("utf-8"), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

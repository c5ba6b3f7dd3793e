"""Man pages and checksums of a release."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import typer
from tools import build_release, man_pages

from seawall.cli.main import app

TREE = dict(man_pages.commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", TREE, ids="-".join)
def test_a_page_holds_what_help_says(path: tuple[str, ...]) -> None:
    text = man_pages.page(path, TREE[path])
    for parameter in TREE[path].params:
        if getattr(parameter, "help", None) and not getattr(parameter, "hidden", False):
            for name in parameter.opts if parameter.param_type_name == "option" else ():
                assert man_pages.escape(name) in text
    assert text.startswith('.TH "SEAWALL')
    assert "\b" not in text


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_roff_finds_no_fault_in_the_pages(tmp_path: Path) -> None:
    pages = man_pages.write_pages(tmp_path)
    assert len(pages) == len(TREE) > 50
    done = subprocess.run(
        ["groff", "-k", "-man", "-wmac", "-wescape", "-wsyntax", "-wchar", "-Tutf8", "-z", *map(str, pages)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_text_is_no_request_of_roff() -> None:
    assert man_pages.escape(".so /etc/passwd") == "\\&.so /etc/passwd"
    assert man_pages.escape("a\\fB-b'c") == "a\\efB\\-b\\(aqc"


def test_pages_are_packed_with_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        build_release.pack_man_pages(tmp_path / name / "man.tar")
    assert (tmp_path / "a/man.tar").read_bytes() == (tmp_path / "b/man.tar").read_bytes()
    with tarfile.open(tmp_path / "a/man.tar") as archive:
        assert "man1/seawall-run.1" in archive.getnames()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["man.tar"]


def test_sums_are_what_sha256sum_checks(tmp_path: Path) -> None:
    (tmp_path / "one.whl").write_bytes(b"one")
    (tmp_path / "two.json").write_bytes(b"{}")
    build_release.write_sums(tmp_path)
    check = ["sha256sum", "--check", "--strict", build_release.SUMS]
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "one.whl").write_bytes(b"two")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 1

"""Secrets come from files that nobody else can read, or from the environment, and errors show nothing of them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from seawall_base.errors import CollectInvalid, InputUnreadable, SeawallError
from seawall_base.secret_file import LONGEST, read_key_file, read_secret, secret_in, secret_of

SECRET = "a throw-away secret"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"  {SECRET}\n", "utf-8")
    path.chmod(0o600)
    return path


def read_key(path: Path) -> bytes:
    return read_key_file(path, InputUnreadable, what="the key", fix="make one")


def test_white_space_around_a_text_is_none_of_it(file: Path) -> None:
    assert read_secret(file) == SECRET
    assert read_key(file) == f"  {SECRET}\n".encode()


@pytest.mark.parametrize(
    ("change", "words", "fix"),
    [
        (lambda path: path.chmod(0o640), "others can read this secret", "chmod 600"),
        (lambda path: path.chmod(0o602), "others can read this secret", "chmod 600"),
        (lambda path: path.unlink(), "No such file", "check the path"),
        (lambda path: path.write_bytes(b" \n"), "is empty", "secret alone"),
        (lambda path: path.write_bytes(b"x" * (LONGEST + 1)), "is too large", "secret alone"),
        (
            lambda path: path.write_bytes(f"{SECRET}\xff".encode("latin-1")),
            "is not a text file",
            "secret alone",
        ),
        (lambda path: (path.unlink(), path.mkdir()), "Is a directory", "check the path"),
    ],
    ids=["group", "writable", "missing", "empty", "large", "bytes", "folder"],
)
def test_what_is_wrong_and_what_to_do(
    file: Path, change: Callable[[Path], object], words: str, fix: str
) -> None:
    change(file)
    with pytest.raises(CollectInvalid) as raised:
        read_secret(file)
    assert words in raised.value.message
    assert fix in raised.value.fix
    assert SECRET not in raised.value.message + raised.value.fix
    with pytest.raises(InputUnreadable):
        read_secret(file, InputUnreadable)


def test_a_zero_byte_in_a_name(tmp_path: Path) -> None:
    with pytest.raises(CollectInvalid, match="is no path"):
        read_secret(tmp_path / "a\0b")


def test_the_owner_is_this_user_or_root(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = file.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    if owner == 0:
        assert read_secret(file) == SECRET, "what root owns is for every service"
        monkeypatch.setattr("os.fstat", lambda number: _owned(number, 12345))
    with pytest.raises(CollectInvalid, match="another user"):
        read_secret(file)
    assert read_secret(file, may_be_shared=True) == SECRET
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert read_secret(file) == SECRET


_FSTAT = os.fstat


def _owned(number: int, owner: int) -> os.stat_result:
    values = list(_FSTAT(number))
    values[4] = owner
    return os.stat_result(values)


def test_what_may_be_shared_and_empty(file: Path) -> None:
    file.chmod(0o644)
    assert read_secret(file, may_be_shared=True) == SECRET
    file.write_bytes(b"")
    assert read_secret(file, may_be_shared=True, may_be_empty=True) == ""


def test_a_link_is_followed_for_a_secret_and_not_for_a_key(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    assert read_secret(link) == SECRET
    with pytest.raises(InputUnreadable, match="cannot be read"):
        read_key(link)


def test_a_shells_substitution_is_a_secret_and_no_key(file: Path) -> None:
    program = "from tests.base.test_secret_file import *; print(read_secret(Path(sys.argv[1])))"
    command = f"exec {sys.executable} -c '{program}' <(cat {file})"
    done = subprocess.run(["/bin/bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == (SECRET, "")
    os.mkfifo(file.with_name("pipe"), 0o600)
    with pytest.raises(InputUnreadable, match="is not a file"):
        read_key(file.with_name("pipe"))


def test_the_command_to_mend_it_can_be_pasted(tmp_path: Path) -> None:
    path = tmp_path / "a b; c"
    path.write_text(SECRET)
    path.chmod(0o644)
    with pytest.raises(SeawallError) as raised:
        read_secret(path)
    assert raised.value.fix == f"chmod 600 '{path}'"


def test_a_file_goes_before_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_TEST_SECRET", " of the environment\n")
    assert secret_in("SEAWALL_TEST_SECRET") == "of the environment"
    assert secret_of(file, "SEAWALL_TEST_SECRET", "--secret-file") == SECRET
    assert secret_of(None, "SEAWALL_TEST_SECRET", "--secret-file") == "of the environment"
    monkeypatch.delenv("SEAWALL_TEST_SECRET")
    with pytest.raises(CollectInvalid, match="--secret-file nor SEAWALL_TEST_SECRET"):
        secret_of(None, "SEAWALL_TEST_SECRET", "--secret-file")

"""The commands that write a settings file: what they write is read by the commands that use it, and nothing is overwritten."""

from __future__ import annotations

import re
import shlex
import stat
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from seawall.response.channels.settings import ChannelsFile, load_channels
from seawall.response.containment.settings import ContainmentSettings, read_settings
from seawall.response.signals.settings import SignalsFile, load_settings
from seawall_base.errors import SeawallError
from seawall_base.settings_table import settings_of
from tests.cli.conftest import Run

FILES = {
    "respond.toml": ["respond", "begin"],
    "channels.toml": ["channels", "begin"],
    "signals.toml": ["respond", "signals", "begin"],
}
KINDS = {"respond.toml": ContainmentSettings, "channels.toml": ChannelsFile, "signals.toml": SignalsFile}


@pytest.mark.parametrize(("name", "verb"), FILES.items())
def test_a_file_is_written_once(run: Run, tmp_path: Path, name: str, verb: Sequence[str]) -> None:
    path = tmp_path / name
    got = run(*verb, str(path))
    assert (got.code, got.out) == (0, f"{path}\n")
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = path.read_bytes()
    path.write_bytes(written + b"# mine\n")
    again = run(*verb, str(path))
    assert again.code == 2
    assert "already exists" in again.err
    assert path.read_bytes() == written + b"# mine\n"


def test_a_link_is_not_followed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "respond.toml").symlink_to(tmp_path / "elsewhere.toml")
    assert run("respond", "begin", str(tmp_path / "respond.toml")).code == 2
    assert not (tmp_path / "elsewhere.toml").exists()
    assert run("respond", "begin", str(tmp_path / "no" / "respond.toml")).code != 0


def test_each_file_is_read_as_it_was_written(run: Run, tmp_path: Path) -> None:
    for name, verb in FILES.items():
        assert run(*verb, str(tmp_path / name)).code == 0
    settings = read_settings(tmp_path / "respond.toml")
    assert (settings.microsoft, settings.google, settings.okta, settings.gate) == (None, None, None, None)
    assert load_channels(tmp_path / "channels.toml").channels() == ()
    assert run("channels", "list", "--channels", str(tmp_path / "channels.toml")).code == 0
    (receiver,) = load_settings(tmp_path / "signals.toml").streams
    assert receiver.endpoint.startswith("https://receiver.example.com/")
    told = ("respond", "signals", "tell", "account-disabled", "--email", "a@b.example")
    assert run(*told, "--settings", str(tmp_path / "signals.toml")).code == 0


USED_BY = {
    "respond.toml": read_settings,
    "channels.toml": load_channels,
    "signals.toml": load_settings,
}


@pytest.mark.parametrize(("name", "verb"), FILES.items())
def test_a_missing_file_names_the_command_that_writes_it(
    run: Run, tmp_path: Path, name: str, verb: Sequence[str]
) -> None:
    place = tmp_path / "a folder"
    place.mkdir()
    with pytest.raises(SeawallError) as refused:
        USED_BY[name](place / name)
    command = shlex.split(refused.value.fix.split("`")[1])
    assert command[:-1] == ["seawall", *verb]
    assert run(*command[1:]).code == 0
    assert (place / name).is_file()


@pytest.mark.parametrize(("name", "verb"), FILES.items())
def test_every_setting_is_there_and_no_other(
    run: Run, tmp_path: Path, name: str, verb: Sequence[str]
) -> None:
    path = tmp_path / name
    run(*verb, str(path))
    document = tomllib.loads(re.sub(r"(?m)^#(?=[a-z\[])", "", path.read_text("utf-8")))
    _compare(KINDS[name], document)


def _compare(kind: type, table: dict[str, Any]) -> None:
    settings = settings_of(kind)
    assert set(table) == {one.name for one in settings}
    for one in settings:
        if one.shape == "table":
            _compare(one.hint, table[one.name])
        elif one.shape == "tables":
            for row in table[one.name]:
                _compare(one.hint, row)

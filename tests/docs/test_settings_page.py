"""docs/reference/settings.md: its tables are those of the code, its faults are real, and the examples of the guides are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from tools import settings_tables

from seawall.collection.settings import Vendor
from seawall.collection.settings import read_settings as read_collection
from seawall.console.sign_in.oidc_settings import ConsoleTable
from seawall.response.channels.note import KINDS
from seawall.response.channels.settings import ChannelsFile, kind_of_channel, load_channels
from seawall.response.containment.settings import MicrosoftSettings, read_settings
from seawall.response.errors import RespondInvalid
from seawall.response.notification.case_file import NotificationCase, read_case
from seawall.response.signals.settings import SignalsFile, load_settings
from seawall_base.settings_table import settings_of

ROOT = Path(__file__).parents[2]
PAGE = settings_tables.PAGE.read_text("utf-8")


def test_the_tables_are_those_of_the_code() -> None:
    assert settings_tables.rewritten(PAGE) == PAGE, "run: python -m tools.settings_tables"
    assert settings_tables.main(["--check"]) == 0


@pytest.mark.parametrize("kind", [ConsoleTable, MicrosoftSettings, NotificationCase, SignalsFile])
def test_every_setting_has_a_row(kind: type) -> None:
    for setting in settings_of(kind):
        if setting.shape == "value":
            assert f"\n| `{setting.name}` | " in PAGE
        else:
            test_every_setting_has_a_row(setting.hint)


def example(page: str) -> str:
    """The example of a settings file on a page."""
    text = (ROOT / "docs" / "how-to" / page).read_text("utf-8")
    (found,) = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_example_of_a_case_is_read(tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text(example("notify.md"), "utf-8")
    found = read_case(file)
    assert [(one.id, one.language, one.ways) for one in found.recipients] == [
        ("anna", "de", ("mail",)),
        ("contoso", "en", ("webhook",)),
    ]
    assert set(found.texts) == {"de", "en"}


def test_the_example_of_collectors_is_read(tmp_path: Path) -> None:
    file = tmp_path / "collect.toml"
    file.write_text(example("collect.md"), "utf-8")
    for vendor in get_args(Vendor):
        assert read_collection(vendor, file, {})


def test_the_example_of_containment_is_read(tmp_path: Path) -> None:
    file = tmp_path / "respond.toml"
    file.write_text(example("respond.md"), "utf-8")
    found = read_settings(file)
    assert None not in (found.microsoft, found.google, found.okta, found.gate)


def test_the_example_of_signals_is_read(tmp_path: Path) -> None:
    file = tmp_path / "signals.toml"
    file.write_text(example("signals.md"), "utf-8")
    for name in ("gate-token", "shop-token"):
        (tmp_path / name).write_text("an-invented-token-0123456789abcdef\n", "utf-8")
        (tmp_path / name).chmod(0o600)
    assert [(one.name, one.way) for one in load_settings(file).streams] == [
        ("gate", "push"),
        ("shop", "poll"),
    ]


def test_the_faults_that_are_shown_are_real(tmp_path: Path) -> None:
    file = tmp_path / "respond.toml"
    file.write_text('[microsoft]\ntenant = 1\nclient_id = "a"\nsecret_fil = "secret"\n', "utf-8")
    with pytest.raises(RespondInvalid) as refused:
        read_settings(file)
    shown = re.findall(r"^    error: (.*)$", PAGE, re.MULTILINE)
    assert shown == [line.removeprefix(f"{tmp_path}/") for line in refused.value.details]


def test_the_examples_of_channels_are_read(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "how-to" / "channels.md").read_text("utf-8")
    examples = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    kinds = set()
    for found in examples:
        for name in re.findall(r'_file = "([^"]+)"', found):
            (tmp_path / name).write_text("https://hooks.example.com/0123456789abcdef\n")
            (tmp_path / name).chmod(0o600)
        file = tmp_path / "channels.toml"
        file.write_text(found, "utf-8")
        kinds |= {kind_of_channel(channel) for channel in load_channels(file).channels()}
    assert kinds == {one.name for one in settings_of(ChannelsFile) if one.shape == "tables"}


def test_every_kind_of_message_is_on_the_page() -> None:
    text = (ROOT / "docs" / "how-to" / "channels.md").read_text("utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []

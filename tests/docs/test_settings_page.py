"""docs/reference/settings.md: its tables are those of the code, and the faults that it shows are real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tools import settings_tables

from seawall.console.sign_in.oidc_settings import ConsoleTable
from seawall.response.containment.settings import MicrosoftSettings, read_settings
from seawall.response.errors import RespondInvalid
from seawall.response.notification.case_file import NotificationCase
from seawall.response.signals.settings import SignalsFile
from seawall_base.settings_table import settings_of

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


def test_the_faults_that_are_shown_are_real(tmp_path: Path) -> None:
    file = tmp_path / "respond.toml"
    file.write_text('[microsoft]\ntenant = 1\nclient_id = "a"\nsecret_fil = "secret"\n', "utf-8")
    with pytest.raises(RespondInvalid) as refused:
        read_settings(file)
    shown = re.findall(r"^    error: (.*)$", PAGE, re.MULTILINE)
    assert shown == [line.removeprefix(f"{tmp_path}/") for line in refused.value.details]

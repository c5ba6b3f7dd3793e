"""One settings file for `scan`, `watch`, `serve` and `collect`: it fills what nobody typed, and nothing else."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import typer

from seawall.cli.configuration.errors import ConfigurationInvalid
from seawall.cli.configuration.option import FILLED, UNLESS, options_of
from seawall.cli.configuration.tables import TABLES, read_configuration
from seawall.cli.main import app
from seawall.cli.scan import scan
from seawall.cli.serve import serve
from seawall.cli.update import update
from seawall.cli.watch import watch
from seawall.collection.settings import folder_of, read_settings
from seawall_base.errors import CollectInvalid
from seawall_base.settings_table import settings_of

from .conftest import Run

TENANT = "11111111-2222-3333-4444-555555555555"
WHOLE = f"""
[logs]
folders = ["logs", "/srv/more"]
settle = 2.5
[store]
folder = "kept"
retention = 90
[detection]
budget = 3
min_score = "-1.5"
mmdb = ["own.mmdb"]
rules = ["rules"]
[alerts]
webhook = ["https://hooks.example.com/a"]
webhook_secret_file = "webhook"
channels_file = "channels.toml"
[serve]
listen = "127.0.0.1:9999"
sign_in = true
metrics_allow = ["10.0.0.0/8"]
[scan]
out = "results"
[updates]
folder = "updates"
trust = ["publisher.pem"]
[collect]
folder = "collected"
[collect.m365]
tenant = "{TENANT}"
client_id = "{TENANT}"
secret_file = "secrets/m365"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "seawall.toml"
    file.write_text(text, "utf-8")
    return file


def test_every_setting_fills_an_option_that_a_verb_has() -> None:
    settings = {(table, one.name) for table, kind in TABLES.items() for one in settings_of(kind)}
    assert settings - {("logs", "folders"), ("store", "folder"), ("store", "database_file")} == set(FILLED)
    parameters = {
        name for verb in (scan, watch, serve, update) for name in inspect.signature(verb).parameters
    }
    assert {*FILLED.values(), *UNLESS, "paths", "folders", "store", "database"} <= parameters


def test_a_whole_file_is_read_with_paths_beside_it(tmp_path: Path) -> None:
    filled = options_of(read_configuration(written(tmp_path, WHOLE)))
    assert filled["folders"] == [str(tmp_path / "logs"), "/srv/more", str(tmp_path / "collected")]
    assert filled["store"] == tmp_path / "kept"
    assert (filled["budget"], filled["retention"], filled["settle"]) == (3.0, 90, 2.5)
    assert filled["rules"] == [tmp_path / "rules"]
    assert filled["webhook_secret_file"] == tmp_path / "webhook"
    assert filled["out"] == tmp_path / "results"


def test_a_scan_takes_what_it_has_options_for(run: Run, engine: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    file = written(
        tmp_path,
        '[logs]\nfolders = ["logs"]\n[detection]\nbudget = 3\nmin_score = "1.5"\n[scan]\nout = "res"\n',
    )
    assert run("scan", "--config", str(file)).code == 0
    assert engine[-1]["paths"] == [tmp_path / "logs"]
    assert engine[-1]["out"] == tmp_path / "res"
    assert (engine[-1]["settings"].budget, engine[-1]["settings"].least_score) == (3.0, 1.5)


def test_what_is_typed_comes_first(run: Run, engine: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    file = written(
        tmp_path,
        '[logs]\nfolders = ["logs"]\n[detection]\nbudget = 3\nmin_score = "1.5"\n[scan]\nout = "res"\n',
    )
    got = run(
        "scan", "other", "--config", str(file), "--budget", "9", "--min-chance", "0.01", "--out", "mine"
    )
    assert got.code == 0, got.err
    assert engine[-1]["paths"] == [Path("other")]
    assert engine[-1]["out"] == Path("mine")
    assert engine[-1]["settings"].budget == 9.0
    assert engine[-1]["settings"].least_score != 1.5


def test_the_environment_names_the_file_too(
    run: Run, engine: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    monkeypatch.setenv("SEAWALL_CONFIG", str(written(tmp_path, "[detection]\nbudget = 7\n")))
    assert run("scan", "logs").code == 0
    assert engine[-1]["settings"].budget == 7.0


def test_without_paths_anywhere_a_scan_still_refuses(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path, "[detection]\nbudget = 7\n")
    assert run("scan", "--config", str(file)).code == 2


def test_every_fault_is_named_with_its_line(tmp_path: Path) -> None:
    text = (
        '[logs]\nfolder = ["a"]\n[detection]\nbudget = "much"\nmin_chance = 2\n[serve]\nkey = "k"\n[colect]\n'
    )
    with pytest.raises(ConfigurationInvalid) as refused:
        read_configuration(written(tmp_path, text))
    faults = [line.removeprefix(f"{tmp_path}/seawall.toml:") for line in refused.value.details]
    assert [fault.split(":")[0] for fault in faults] == ["2", "4", "5", "6", "8"]
    assert "did you mean folders?" in faults[0]
    assert "did you mean collect?" in faults[4]


@pytest.mark.parametrize(
    "text",
    [
        '[detection]\nmin_score = "1"\nmin_chance = 0.5\n',
        '[alerts]\nwebhook_secret_file = "s"\n',
        "[collect.m365]\ntenant = 1\n",
        '[collect.m356]\ntenant = "x"\n',
        "[collect]\nfolder = 3\n",
        "logs = 3\n",
        "logs = [\n",
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        read_configuration(written(tmp_path, text))


def test_a_missing_file_is_one_line(run: Run) -> None:
    got = run("watch", "--config", "nowhere.toml")
    assert got.code == 2
    assert got.err.startswith("error: nowhere.toml cannot be read")


def test_the_url_of_a_database_is_a_secret(tmp_path: Path) -> None:
    file = written(tmp_path, '[store]\ndatabase_file = "url"\n')
    (tmp_path / "url").write_text("postgresql://ann:word@db/seawall\n")
    (tmp_path / "url").chmod(0o644)
    with pytest.raises(CollectInvalid, match="others can read"):
        options_of(read_configuration(file))
    (tmp_path / "url").chmod(0o600)
    assert options_of(read_configuration(file))["database"] == "postgresql://ann:word@db/seawall"


def test_a_collector_finds_its_table_below_collect(tmp_path: Path) -> None:
    file = written(tmp_path, WHOLE)
    settings = read_settings("m365", file, {})
    assert settings["tenant"] == TENANT
    assert settings["secret_file"] == tmp_path / "secrets/m365"
    assert folder_of(file) == tmp_path / "collected"
    with pytest.raises(CollectInvalid, match=r"\[collect\.okta\]"):
        read_settings("okta", file, {})


def test_a_file_of_vendors_alone_names_no_folder(tmp_path: Path) -> None:
    assert folder_of(written(tmp_path, f'[m365]\ntenant = "{TENANT}"\n')) is None
    assert folder_of(tmp_path / "nowhere.toml") is None
    assert folder_of(written(tmp_path, "[collect]\nfolder = 3\n")) is None


def test_no_watch_and_the_demo_ignore_the_folders_of_the_file(tmp_path: Path) -> None:
    command = typer.main.get_command(app).commands["serve"]  # type: ignore[attr-defined]
    file = written(tmp_path, '[logs]\nfolders = ["logs"]\n')
    with command.make_context("serve", ["--config", str(file), "--no-watch"]) as context:
        assert not context.params["folders"]
        assert context.params["store"] == tmp_path / "seawall-store"
    with command.make_context("serve", ["--config", str(file)]) as context:
        assert context.params["folders"] == [tmp_path / "logs"]
    with command.make_context("serve", ["--config", str(file), "--demo"]) as context:
        assert context.params["store"] is None

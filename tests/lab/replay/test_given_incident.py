"""A user's own incident file: what Seawall's files say is accepted, and every other value is refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from seawall.lab.replay.acts import stage_incident
from seawall.lab.replay.given_incident import find_incident, read_given_incident
from seawall.lab.replay.incident_file import list_names, load_incident
from seawall.lab.replay.organisation import OrganisationChoice, find_kind, make_honest
from seawall.lab.replay.scene import open_scene
from seawall_base.errors import InputUnreadable, UsageError

OWN = """title = "Ours"
summary = "x"
began = 2024-03-01
length = 5
systems = ["microsoft"]
victims = 1
sources = []

[[stages]]
id = "sign-in"
day = 0.3
title = "x"
act = "phish_sign_in"
assumption = "ours"
"""
STAGE = '[[stages]]\nid = "a"\nday = 1\ntitle = "x"\n'


@pytest.mark.parametrize("name", list_names())
def test_the_files_of_seawall_pass(name: str) -> None:
    folder = resources.files("seawall.lab.replay") / "incidents"
    assert find_incident(str(folder / f"{name}.toml")) == load_incident(name)


def test_an_own_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(OWN)
    incident = find_incident(str(path))
    assert (incident.name, incident.title, incident.stages[0].act) == ("ours", "Ours", "phish_sign_in")


def change(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (change("length = 5", "length = 900"), "length"),
        (change("length = 5", 'length = "5"'), "length"),
        (change("victims = 1", "victims = 100000"), "victims"),
        (change("2024-03-01", "9999-12-31"), "a date must lie"),
        (change("2024-03-01", "0001-01-01"), "a date must lie"),
        (change("2024-03-01", '"soon"'), "began"),
        (change("day = 0.3", "day = nan"), "stages[0].day: expected"),
        (change("day = 0.3", "day = inf"), "day"),
        (change("day = 0.3", "day = 40"), "an act lies between"),
        (change("day = 0.3", "day = 0.3\nuntil = 0.1"), "ends before it begins"),
        (change("day = 0.3", "day = 0.3\nvisits = 1000000"), "visits"),
        (change("day = 0.3", "day = 0.3\nvisitors = 1"), "visitors"),
        (change('"phish_sign_in"', '"rm"'), "no such act: rm"),
        (change('"phish_sign_in"', '"grant_long_ago"'), "needs application"),
        (change('assumption = "ours"', 'token = "gold"'), "no such token: gold"),
        (change('assumption = "ours"', 'exposes = "/etc/passwd"'), "no such file: /etc/passwd"),
        (change('assumption = "ours"', 'governed_by = ["X"]'), "no such policy: X"),
        (change('assumption = "ours"', 'sources = ["nowhere"]'), "no such source"),
        (change("victims = 1", 'victims = 1\nseen = "nowhere"'), "no such stage"),
        (change("victims = 1", 'victims = 1\nnetwork = "dark"'), "network"),
        (change("victims = 1", "victims = 1\nprovider_side = ['moon']"), "no such layer: moon"),
        (change('"microsoft"', '"mainframe"'), "systems"),
        (change('title = "Ours"', f'title = "{"x" * 300}"'), "title"),
        (change('title = "Ours"\n', ""), "title"),
        (lambda text: text + STAGE * 60, "stages"),
        (lambda text: text + STAGE * 2, "two stages have one id"),
        (lambda text: text + "deep = " + "[" * 5000 + "]" * 5000, "toml"),
        (lambda text: text + "#" * (300 << 10), "larger than 256 kB"),
        (lambda _: "\x00", "toml"),
        (
            change(
                "sources = []",
                "sources = []\n[key]\nissued = 0001-01-01\ncertificate_ends = 2021-01-01\n"
                "shared_since = 2018-01-01\ntaken_out = 2024-01-01",
            ),
            "a date must lie",
        ),
    ],
)
def test_another_value_is_refused_in_one_sentence(
    tmp_path: Path, edit: Callable[[str], str], reason: str
) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(edit(OWN))
    with pytest.raises(InputUnreadable) as refused:
        read_given_incident(path)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("name", ["Ours.toml", "a b.toml", ".toml", "none.toml", "folder.toml"])
def test_another_path_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InputUnreadable):
        find_incident(str(tmp_path / name))


def test_a_stage_that_goes_on_with_nothing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(OWN.replace("phish_sign_in", "read_mail"))
    incident = find_incident(str(path))
    diary = make_honest(find_kind(incident), OrganisationChoice(accounts=50, density=0.01), tmp_path, 1)
    with pytest.raises(UsageError, match="needs what no earlier stage gave"):
        stage_incident(open_scene(incident, diary, 14, 0, 1))

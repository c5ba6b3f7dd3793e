"""Definitions of jobs give the program options that it has, and the notebook's cells run one after the other."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
import yaml

import seawall.spark
from seawall.cli.main import app
from tests.spark.sparking import needs_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).parents[2]
JOBS = ROOT / "deploy" / "spark"


def parse(arguments: list[str]) -> dict[str, Any]:
    """What `seawall spark scan` makes of arguments; it raises for those that it does not have."""
    tree: Any = typer.main.get_command(app)
    command = tree.commands["spark"].commands["scan"]
    return dict(command.make_context("scan", list(arguments)).params)


def read_databricks() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((JOBS / "databricks.yml").read_text("utf-8"))
    return found


def read_cells() -> list[str]:
    notebook = json.loads((JOBS / "notebook.ipynb").read_text("utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_a_job_of_databricks_gives_options_that_exist() -> None:
    bundle = read_databricks()
    task = bundle["resources"]["jobs"]["seawall_scan"]["tasks"][0]["spark_python_task"]
    assert (JOBS / task["python_file"]).is_file()
    named = {name for text in task["parameters"] for name in re.findall(r"\$\{var\.(\w+)\}", text)}
    assert named == {"logs", "out"}
    assert named <= set(bundle["variables"])
    found = parse([re.sub(r"\$\{var\.(\w+)\}", r"/Volumes/\1", text) for text in task["parameters"]])
    assert found["paths"] == [Path("/Volumes/logs")]
    assert (found["out"], found["shelves"]) == (Path("/Volumes/out"), 512)


def test_a_job_of_databricks_installs_extras_that_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    task = read_databricks()["resources"]["jobs"]["seawall_scan"]["tasks"][0]
    packages = [one["pypi"]["package"] for one in task["libraries"]]
    wanted = re.fullmatch(r"seawall\[(.+)\]", packages[0])
    assert wanted is not None
    assert set(wanted[1].split(",")) <= set(extras)
    assert {re.split(r"[<>=~!\[]", one)[0] for one in packages[1:]} <= {
        re.split(r"[<>=~!\[]", one)[0] for one in extras["spark"]
    }


def test_a_job_of_fabric_gives_options_that_exist() -> None:
    job = json.loads((JOBS / "fabric-job.json").read_text("utf-8"))
    assert (JOBS / job["executableFile"]).is_file()
    found = parse(shlex.split(job["commandLineArguments"]))
    assert found["out"] == Path("/lakehouse/default/Files/seawall")
    assert found["shelves"] == 512


def test_the_script_hands_its_options_to_the_program(tmp_path: Path) -> None:
    """A `spark-submit` in its place prints what it was given."""
    program = tmp_path / "spark-submit"
    program.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", "utf-8")
    program.chmod(0o700)
    given = ["/mnt/my logs", "--out", "/mnt/out", "--tasks", "64", "--files-up-to", "0"]
    answer = subprocess.run(
        ["/bin/bash", JOBS / "submit.sh", "spark://head:7077", *given],
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = answer.stdout.splitlines()
    at = lines.index(str(JOBS / "job.py"))
    assert lines[at + 1 :] == given
    assert lines[lines.index("--master") + 1] == "spark://head:7077"
    found = parse(lines[at + 1 :])
    assert (found["tasks"], found["files_up_to"]) == (64, 0)


def test_the_program_is_the_command() -> None:
    answer = subprocess.run(
        [sys.executable, JOBS / "job.py", "--help"], capture_output=True, text=True, check=True
    )
    assert "seawall spark scan [OPTIONS]" in answer.stdout


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse(["logs", "--out", "out", "--shelf", "1"])


def test_the_notebook_imports_what_there_is() -> None:
    cells = read_cells()
    assert len(cells) >= 5
    for cell in cells:
        compile(cell, "notebook", "exec")
    named = re.findall(r"^from seawall\.spark import (.+)$", "\n".join(cells), re.MULTILINE)
    assert named
    assert {name.strip() for line in named for name in line.split(",")} <= set(seawall.spark.__all__)


@needs_java
@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_the_cells_of_the_notebook_run(spark: SparkSession, place: Path) -> None:
    held: dict[str, Any] = {"spark": spark, "logs": str(place / "logs"), "out": str(place / "notebook")}
    shown = []
    for cell in read_cells():
        *lines, last = cell.splitlines()
        try:
            code = compile(last, "notebook", "eval")
        except SyntaxError:
            exec(cell, held)
            continue
        exec("\n".join(lines), held)
        shown.append(eval(code, held))
    assert held["result"].summary["events"] > 0
    assert (place / "notebook" / "incidents.jsonl").read_bytes() == (
        place / "one" / "incidents.jsonl"
    ).read_bytes()
    assert any(shown)

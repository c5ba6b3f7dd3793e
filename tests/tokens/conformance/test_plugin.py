"""The pytest plugin, in runs of its own: with the option one test a case, without it nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

VERIFIER = """
from seawall_tokens.conformance import Verifier

def verify(token, context):
    if len(token) > 16384 or token.count(".") != 2:
        return None
    return {"accepted": True}

verifier = Verifier(verify, lacks=["tenants", "dpop"])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody's project."""
    (tmp_path / "service.py").write_text(VERIFIER)
    (tmp_path / "test_own.py").write_text("def test_own():\n    assert True\n")
    return tmp_path


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    # What schemathesis brings takes half of such a run.
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:schemathesis", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_entry_point_is_installed() -> None:
    (point,) = metadata.entry_points(group="pytest11", name="seawall")
    assert point.value == "seawall_tokens.conformance.plugin"


def test_without_the_option_nothing_happens(project: Path) -> None:
    (project / "test_imports.py").write_text(
        "import sys\n\n\ndef test_nothing_was_imported():\n"
        "    loaded = {name for name in sys.modules if name.startswith('seawall')}\n"
        "    assert loaded == {'seawall_tokens', 'seawall_tokens.conformance', 'seawall_tokens.conformance.plugin'}, loaded\n"
        "    assert not {'cryptography', 'gmpy2', 'pyarrow'} & set(sys.modules)\n"
    )
    result = pytest_in(project, "-W", "error", "-q")
    assert result.returncode == 0, result.stdout
    assert "2 passed" in result.stdout
    assert "seawall" not in result.stdout


def test_a_program_that_uses_seawall_may_run_pytest(project: Path) -> None:
    """pytest rewrites the modules of plugins and warns of those that were imported before."""
    call = "pytest.main(['-q', '-W', 'error', '-p', 'no:cacheprovider'])"
    code = f"import sys, seawall_tokens.conformance, pytest; sys.exit({call})"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    doc = sys.modules["seawall_tokens"].__doc__ or ""
    assert "PYTEST_DONT_REWRITE" in doc  # an editable installation does not show it


def test_each_case_is_a_test_beside_the_projects_own(project: Path) -> None:
    result = pytest_in(project, "--seawall-verifier", "service:verify", "--seawall-only", "form", "-v")
    assert result.returncode == 1, result.stdout
    assert "test_own.py::test_own PASSED" in result.stdout
    assert "seawall::form::form-sound PASSED" in result.stdout
    assert "seawall::form::segments-two PASSED" in result.stdout
    assert "seawall::form::signature-empty FAILED" in result.stdout
    assert "let-in (forgery): the algorithm stays, the signature goes" in result.stdout
    assert "against service:verify" in result.stdout


def test_what_is_lacking_is_skipped(project: Path) -> None:
    result = pytest_in(
        project,
        "--seawall-verifier",
        "service:verifier",
        "--seawall-only",
        "storm-0558-many,dpop-thief",
        "-rs",
    )
    assert result.returncode == 0, result.stdout
    assert "2 passed, 2 skipped" in result.stdout
    assert "not covered: the verifier lacks tenants" in result.stdout


def test_cases_are_selected_like_any_test(project: Path) -> None:
    arguments = ("--seawall-verifier", "service:verify", "--collect-only", "-q")
    result = pytest_in(project, *arguments, "-k", "renewal")
    assert "seawall::renewal::renewal-sound" in result.stdout
    assert "seawall::form" not in result.stdout
    assert "test_own" not in result.stdout
    chosen = pytest_in(project, *arguments, "--seawall-only", "time", "--seawall-except", "expired")
    assert "seawall::time::exp-missing" in chosen.stdout
    assert "seawall::time::expired\n" not in chosen.stdout


def test_it_runs_where_there_are_no_tests_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(VERIFIER)
    arguments = ("--seawall-verifier", "service:verify", "--seawall-only", "token-empty")
    result = pytest_in(tmp_path, *arguments, "-W", "error")
    assert result.returncode == 0, result.stdout
    assert "2 passed" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seawall-verifier", "no_such_module:x"), "cannot be imported"),
        (("--seawall-verifier", "service:verify", "--seawall-only", "nothing"), "no such family or case"),
        (("--seawall-verifier", "service"), "is not a verifier"),
    ],
)
def test_mistakes_are_usage_errors(project: Path, arguments: tuple[str, ...], words: str) -> None:
    result = pytest_in(project, *arguments)
    assert result.returncode == 4, result.stdout + result.stderr
    assert words in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_it_can_be_switched_off_and_spread(project: Path) -> None:
    assert pytest_in(project, "-p", "no:seawall", "-q").returncode == 0
    if not any(point.name == "xdist" for point in metadata.entry_points(group="pytest11")):
        return
    spread = pytest_in(
        project,
        "--seawall-verifier",
        "service:verifier",
        "--seawall-only",
        "token-empty,segments-two",
        "-n",
        "2",
    )
    assert spread.returncode == 0, spread.stdout
    assert "4 passed" in spread.stdout

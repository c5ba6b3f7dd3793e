"""`pip install seawall-tokens` into an empty environment verifies a token and runs the hostile ones under pytest."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.installation import (
    BASE,
    ROOT,
    TOKENS,
    closure,
    copy_distribution,
    declared,
    disk_size,
    make_environment,
    wheels_of_parts,
)

pytestmark = pytest.mark.slow
LARGEST = 40 * 2**20
"""Bytes that the kit may take on disk with all that it brings."""

ABSENT = ("numpy", "pyarrow", "duckdb", "seawall")

VERIFY = """
import sys, time
from importlib.util import find_spec
from pathlib import Path
from seawall_tokens.conformance.token_factory import AUDIENCE, ISSUER, TokenFactory

factory = TokenFactory()
Path("keys.json").write_bytes(factory.issuer().key_set)
Path("policy.toml").write_text(f'''
[[issuer]]
issuer = "{ISSUER}"
audiences = ["{AUDIENCE}"]
jwks_file = "keys.json"
''')
from seawall_tokens import Refusal, load_policy, verify_access_token

policy = load_policy("policy.toml")
print(verify_access_token(factory.token(), policy, time.time()).subject)
try:
    verify_access_token(factory.token()[:-8] + "AAAAAAAA", policy, time.time())
except Refusal as refusal:
    print(refusal.code)
print([name for name in sys.argv[1:] if find_spec(name)])
"""

SERVICE = """
from pathlib import Path
from seawall_tokens import Refusal, load_policy, verify_access_token
from seawall_tokens.conformance import Verifier

def verify(token, context):
    Path("keys.json").write_bytes(context.issuer.key_set)
    Path("policy.toml").write_text(f'''
[[issuer]]
issuer = "{context.issuer.issuer}"
audiences = ["{context.audience}"]
algorithms = {list(context.issuer.algorithms)}
jwks_file = "keys.json"
''')
    return verify_access_token(token, load_policy("policy.toml"), context.now).claims

verifier = Verifier(verify, refusals=(Refusal,))
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of an installation: both wheels, what they declare and what that brings, and nothing else."""
    place = tmp_path_factory.mktemp("kit")
    found = make_environment(wheels_of_parts(tmp_path_factory), place / "env")
    for name in closure([*declared(TOKENS), *declared(BASE)]):
        copy_distribution(name, found)
    return found


def run(packages: Path, folder: Path, *words: object, beside: Path | None = None) -> str:
    """Run that installation's Python in a folder; `beside` holds further packages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PY", "SEAWALL"))}
    done = subprocess.run(
        [packages.parents[2] / "bin/python", *map(str, words)],
        cwd=folder,
        env=kept if beside is None else kept | {"PYTHONPATH": str(beside)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_token_is_verified_and_a_forged_one_refused(packages: Path, tmp_path: Path) -> None:
    assert run(packages, tmp_path, "-W", "error", "-c", VERIFY, *ABSENT).splitlines() == [
        "248289761001",
        "signature-invalid",
        "[]",
    ]


def test_the_hostile_tokens_run_under_pytest(packages: Path, tmp_path: Path) -> None:
    beside = tmp_path / "pytest"
    for name in closure(["pytest"]):
        copy_distribution(name, beside)
    folder = tmp_path / "service"
    folder.mkdir()
    (folder / "service.py").write_text(SERVICE)
    options = ("-W", "error", "-p", "no:cacheprovider", "--seawall-only", "form,signature")
    out = run(
        packages,
        folder,
        "-m",
        "pytest",
        "-q",
        "--seawall-verifier",
        "service:verifier",
        *options,
        beside=beside,
    )
    passed = re.search(r"(\d+) passed", out)
    assert passed is not None, out
    assert int(passed[1]) > 50
    assert "failed" not in out


def test_the_wheels_bring_their_types_and_licence(packages: Path) -> None:
    licence = (ROOT / "LICENSE").read_bytes()
    for name in ("seawall_base", "seawall_tokens"):
        (found,) = packages.glob(f"{name}-*.dist-info/licenses/LICENSE")
        assert found.read_bytes() == licence
        assert (packages / name / "py.typed").is_file()


def test_it_is_small_and_brings_few(packages: Path) -> None:
    size = disk_size(packages)
    brought = sorted(path.name.split("-")[0] for path in packages.glob("*.dist-info"))
    print(f"{size / 2**20:.0f} MB: {', '.join(brought)}")
    assert size < LARGEST
    direct = {Requirement(one).name for one in declared(TOKENS)} - {"cryptography", "seawall-base"}
    assert len(direct) <= 3, direct

"""docs/reference/policy.md: its tables are those of the code, and its examples are policies."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from tools import policy_tables

from seawall.gate.loaded_policy import load_gate_policy
from seawall_base.errors import PolicyInvalid
from seawall_tokens.policy.file import load_document, load_policy
from seawall_tokens.policy.profiles import PROFILES
from seawall_tokens.policy.settings import ISSUER_SETTINGS, REVOCATION_SETTINGS
from tests.base.https_server import make_authority
from tests.tokens.key_sets import jwk, jwks

ROOT = Path(__file__).parents[2]

PAGE = policy_tables.PAGE.read_text("utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_tables_are_those_of_the_code() -> None:
    assert policy_tables.rewritten(PAGE) == PAGE, "run: python -m tools.policy_tables"
    assert policy_tables.main(["--check"]) == 0


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no markers"):
        policy_tables.rewritten("# nothing")


def test_every_profile_and_setting_has_a_row() -> None:
    for name in (*PROFILES, *(setting.name for setting in (*ISSUER_SETTINGS, *REVOCATION_SETTINGS))):
        assert f"\n| `{name}` | " in PAGE


def test_the_conditions_of_a_profile_are_spelt_as_a_policy_spells_them() -> None:
    shown = {
        name: tomllib.loads(f"claims = {table}")["claims"]
        for name, table in re.findall(r"^\| `([\w-]+)` .*`claims` `(\{.*?\})`", PAGE, re.MULTILINE)
    }
    assert shown == {
        name: profile.settings["claims"] for name, profile in PROFILES.items() if "claims" in profile.settings
    }
    assert shown


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_is_a_policy(tmp_path: Path, text: str) -> None:
    (tmp_path / "ci-keys.json").write_bytes(jwks(jwk("a")))
    make_authority(tmp_path)[0].rename(tmp_path / "company-ca.pem")
    path = tmp_path / "policy.toml"
    path.write_text(text, "utf-8")
    assert load_document(path).issuers
    assert load_gate_policy(path).settings  # the gate takes it too


def test_examples_cover_every_profile_and_nearly_every_setting() -> None:
    assert len(EXAMPLES) >= 8
    together = "\n".join(EXAMPLES)
    assert {name for name in PROFILES if f'"{name}"' not in together} <= {"rfc9068", "oidc"}
    unused = {
        s.name for s in ISSUER_SETTINGS if not re.search(rf"^{s.name}(?:\.\S+)? = ", together, re.MULTILINE)
    }
    assert unused == {
        "audience_claim",  # these two are set by profiles
        "http_issuer",
        "jwks",
        "key_hosts",
        "allow_loopback_http",
        "consumer_issuer",
        "key_issuer",
        "approved_keys",
        "fetch_timeout",
    }


def test_the_faults_that_are_shown_are_real(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    rows = ["[[issuer]]", 'issuer = "https://a.example"', 'audiences = ["x"]', 'algorithms = ["HS256"]',
            'jwks_uri = "https://a.example/k"', "", "", "", "clock_skw = 5"]  # fmt: skip
    path.write_text("\n".join(rows), "utf-8")
    with pytest.raises(PolicyInvalid) as invalid:
        load_policy(path)
    for line in str(invalid.value).replace(f"{tmp_path}/", "").split("\n"):
        assert f"\nerror: {line}\n" in PAGE

"""Whatever stands in a policy file, loading it gives a policy or `PolicyInvalid`."""

from __future__ import annotations

import datetime
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall_base.errors import PolicyInvalid
from seawall_tokens.policy.file import load_policy
from seawall_tokens.policy.issuer_policy import CONSUMER_TENANT
from seawall_tokens.policy.profiles import PROFILES
from seawall_tokens.policy.settings import ISSUER_SETTINGS, REVOCATION_SETTINGS
from tests.tokens.test_policy_file import MINIMAL, OTHER, TENANT

NAMES = st.sampled_from([setting.name for setting in (*ISSUER_SETTINGS, *REVOCATION_SETTINGS)]) | st.text(
    max_size=4
)
TEXTS = st.sampled_from(
    ["", "any", "absent", "none", "RS256", "https://a.example/{tenantid}", "https://a.example", "http://localhost", "1h",
     "/dev/null", "..", "required", "single", "{tenant}", "{issuer}", "\x1b\n", "\ud7ff", TENANT, CONSUMER_TENANT, *PROFILES]
) | st.text(max_size=6)  # fmt: skip
SCALARS = (
    TEXTS | st.integers() | st.floats() | st.booleans() | st.dates(datetime.date(1, 1, 1)) | st.just(10**4000)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TABLES = st.dictionaries(NAMES, VALUES, max_size=8)
SOUND = st.fixed_dictionaries(
    {},
    optional={
        "profile": st.sampled_from([*PROFILES]),
        "issuer": st.sampled_from(["https://a.example", "https://a.example/{tenantid}/v2.0", f"https://a.example/{TENANT}/", "https://o.okta.com/oauth2/x"]),
        "audiences": st.just(["x"]),
        "tenants": st.sampled_from(["any", [TENANT], [TENANT, OTHER], [CONSUMER_TENANT]]),
        "jwks_uri": st.just("https://a.example/keys"),
        "discovery": st.just("https://a.example/discovery"),
        "key_issuer": st.sampled_from(["required", "single"]),
        "consumer_issuer": st.booleans(),
        "max_lifetime": st.sampled_from([1, "1h"]),
        "required_claims": st.just([]),
    },
)  # fmt: skip


def spelled(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    if isinstance(value, float):
        return "nan" if value != value else repr(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(spelled(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{spelled(name)} = {spelled(one)}' for name, one in value.items())} }}"
    return str(value)


def document(tables: list[dict[str, Any]], rest: dict[str, Any]) -> str:
    rows = [f"{spelled(name)} = {spelled(value)}" for name, value in rest.items()]
    for table in tables:
        rows += ["[[issuer]]", *(f"{spelled(name)} = {spelled(value)}" for name, value in table.items())]
    return "\n".join(rows)


def survives(folder: Path, text: str) -> None:
    """Loading gives a policy or says on which lines it is wrong, nothing else."""
    path = folder / "policy.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    said: list[str] = []
    try:
        policy = load_policy(path)
    except PolicyInvalid as invalid:
        said = str(invalid).split("\n")
        assert all(one.isprintable() and one.startswith(str(path)) for one in said)
        return
    assert len(policy.issuers) == len(tomllib.loads(text)["issuer"]), "no table is left out silently"
    assert all(issuer.audiences and "none" not in issuer.algorithms for issuer in policy.issuers)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policies")


@given(
    tables=st.lists(TABLES | SOUND, max_size=3),
    rest=st.dictionaries(st.sampled_from(["gate", "revocations", "x"]), VALUES, max_size=2),
)
@example(tables=[{"issuer": "https://a.example/{tenantid}"}], rest={})
def test_any_toml_is_a_policy_or_invalid(
    folder: Path, tables: list[dict[str, Any]], rest: dict[str, Any]
) -> None:
    survives(folder, document(tables, rest))


@given(st.lists(SOUND, min_size=1, max_size=2))
def test_any_plausible_policy_is_a_policy_or_invalid(folder: Path, tables: list[dict[str, Any]]) -> None:
    survives(folder, document([{"audiences": ["x"]} | table for table in tables], {}))


@given(st.text(max_size=80) | st.text(alphabet="[]{}=.,\"'\\#\n ab1issuer", max_size=60))
def test_any_text_is_a_policy_or_invalid(folder: Path, text: str) -> None:
    survives(folder, text)


@given(st.integers(0, len(MINIMAL)), st.sampled_from(list("[]{}=\",'\n#\\x0\x00é")))
def test_any_slip_is_said(folder: Path, at: int, slip: str) -> None:
    survives(folder, MINIMAL[:at] + slip + MINIMAL[at:])

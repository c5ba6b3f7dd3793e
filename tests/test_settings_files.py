"""Whatever stands in a settings file of any kind, it is read, or every fault has a line and a fix: nothing else comes out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.collection.settings import Vendor
from seawall.collection.settings import read_settings as read_collection
from seawall.console.errors import ServeInvalid
from seawall.console.sign_in.oidc_settings import load_oidc
from seawall.gate.errors import GateInvalid
from seawall.gate.loaded_policy import load_gate_policy
from seawall.response.containment.settings import read_settings as read_containment
from seawall.response.errors import CaseInvalid, RespondInvalid, SignalsInvalid
from seawall.response.notification.case_file import read_case
from seawall.response.signals.settings import load_settings as load_signals
from seawall_base.errors import CollectInvalid, PolicyInvalid, SeawallError
from tests.base.https_server import make_authority
from tests.tokens.key_sets import jwk, jwks

UPGRADE = Path(__file__).parent / "upgrade" / "settings"
SIGNALS = """
[transmitter]
issuer = "https://s.example"
key = "key.pem"
outbox = "signals.db"
url = "https://s.example/signals"

[[stream]]
name = "gate"
audience = "https://g.example/events"
push = "https://g.example/events"

[[stream]]
name = "shop"
audience = "https://shop.example"
poll = true
token_file = "token"
"""


@dataclass(frozen=True)
class Kind:
    """A kind of settings file: a valid one, what reads it, and what that may raise."""

    valid: str
    read: Callable[[Path], Any]
    errors: tuple[type[SeawallError], ...]


def upgrade_file(name: str) -> str:
    return (UPGRADE / name).read_text("utf-8")


KINDS = {
    **{
        f"collect-{vendor}": Kind(
            upgrade_file("collect.toml"),
            partial(lambda one, path: read_collection(one, path, {}), vendor),
            (CollectInvalid,),
        )
        for vendor in get_args(Vendor)
    },
    "respond": Kind(upgrade_file("respond.toml"), read_containment, (RespondInvalid,)),
    "case": Kind(upgrade_file("case.toml"), read_case, (CaseInvalid,)),
    "signals": Kind(SIGNALS, load_signals, (SignalsInvalid,)),
    "console": Kind(upgrade_file("console.toml"), load_oidc, (PolicyInvalid, ServeInvalid)),
    "policy": Kind(upgrade_file("policy.toml"), load_gate_policy, (PolicyInvalid, GateInvalid)),
}

NUMBERS = ["1", "-1", "0", "1.5", "nan", "inf", "0x" + "f" * 5000, "true", "false"]
TIMES = ["2026-01-31", "2026-01-31T00:00:00", "2026-01-31T00:00:00Z", "12:00:00"]
TEXTS = [
    '""',
    '" "',
    '"x"',
    '"\\u0000"',
    '"\\u202e"',
    '"' + "x" * 5000 + '"',
    '"..."',
    '"/"',
    '"any"',
    "'''\nx\n'''",
]
URLS = ['"https://a.example/"', '"http://a.example"', '"https://u:p@a.example"']
ARRAYS = ["[]", "[1]", '["x"]', '["x", "x"]', "[[]]", "[{}]", "[" * 50 + "]" * 50]
TABLES = ["{}", "{ a = 1 }", '{ "" = [] }', ""]
VALUES = [*NUMBERS, *TIMES, *TEXTS, *URLS, *ARRAYS, *TABLES]
KEYS = [
    "x",
    '"\\u202e"',
    "''",
    "a.b",
    "id",
    "name",
    "issuer",
    "stream",
    "recipients",
    "gate.path",
    "texts.de",
    "texts",
    "poll",
]
PIECES = [b"\xff", b"\xef\xbb\xbf", *(bytes([one]) for one in b"\x00\r\n\x1b[]{}=,#\"'\\"), b"[[", b"]]"]


@st.composite
def mutations(draw: st.DrawFn, valid: str) -> bytes:
    """A valid file after one to three slips."""
    lines = valid.splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        how = draw(st.sampled_from(["value", "key", "drop", "twice", "swap", "new", "header"]))
        name, is_setting, _ = lines[at].partition(" = ")
        if how == "value" and is_setting:
            lines[at] = f"{name} = {draw(st.sampled_from(VALUES))}"
        elif how == "key" and is_setting:
            lines[at] = lines[at].replace(name, draw(st.sampled_from(KEYS)), 1)
        elif how == "drop":
            del lines[at]
        elif how == "twice":
            lines.insert(at, lines[at])
        elif how == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif how == "header" and lines[at].startswith("["):
            inner = lines[at].strip("[]")
            lines[at] = draw(st.sampled_from([inner, f"[{inner}]", f"[[{inner}]]"]))
        else:
            lines.insert(at, f"{draw(st.sampled_from(KEYS))} = {draw(st.sampled_from(VALUES))}")
        lines = lines or [""]
    content = "\n".join(lines).encode()
    if draw(st.booleans()):
        at = draw(st.integers(0, len(content)))
        content = (
            content[:at]
            + draw(st.sampled_from(PIECES) | st.binary(max_size=4))
            + content[at + draw(st.integers(0, 3)) :]
        )
    return content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files are that the valid ones name."""
    place = tmp_path_factory.mktemp("settings")
    (place / "ci-keys.json").write_bytes(jwks(jwk("a")))
    make_authority(place)[0].rename(place / "company-ca.pem")
    for name in ("token", "poll-token", "client-secret"):
        (place / name).write_text("an-invented-token-0123456789abcdef\n", "utf-8")
        (place / name).chmod(0o600)
    return place


def faults_of(kind: Kind, path: Path, content: bytes) -> tuple[str, ...]:
    """Return the faults of a file, none where it is read."""
    path.write_bytes(content)
    refused = None
    try:
        kind.read(path)
    except kind.errors as error:
        refused = error
    if refused is None:
        return ()
    assert refused.fix
    said = refused.details or (refused.message,)
    for fault in said:
        found = re.fullmatch(rf"{re.escape(str(path))}:(\d+): (.+)", fault)
        assert found, fault
        assert 1 <= int(found[1]) <= content.count(b"\n") + 1, fault
        assert fault.isprintable()
        # What is wrong with the file as a whole has its fix beside it, every other fault in its line.
        assert "; " in found[2] or not refused.details
    return said


@pytest.mark.parametrize("name", KINDS)
def test_the_valid_file_is_read(folder: Path, name: str) -> None:
    assert faults_of(KINDS[name], folder / "settings.toml", KINDS[name].valid.encode()) == ()


@pytest.mark.parametrize("name", KINDS)
@given(st.data())
def test_any_slip_is_read_or_said(folder: Path, name: str, data: st.DataObject) -> None:
    faults_of(KINDS[name], folder / "settings.toml", data.draw(mutations(KINDS[name].valid)))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"#" * (4 * 1024 * 1024 + 1), ":1: is larger than 4,194,304 bytes"),
        (b"x = " + b"[" * 5000, ":1: is nested too deep"),
        (b"x = " + b"{a=" * 5000, ":1: is nested too deep"),
        (b"# \n\xe4", ":2: is not UTF-8"),
        (b"\n[x\n", ":2: Expected ']' at the end of a table declaration"),
        (b"a = 1\na = 2\n", ":2: Cannot overwrite a value"),
    ],
    ids=["large", "deep", "deep-tables", "latin", "no-toml", "twice"],
)
def test_what_is_no_settings_file_at_all(folder: Path, name: str, content: bytes, said: str) -> None:
    path = folder / "settings.toml"
    assert faults_of(KINDS[name], path, content) == (f"{path}{said}",)


@pytest.mark.parametrize("name", KINDS)
def test_unknown_tables_and_keys_are_all_said(folder: Path, name: str) -> None:
    """In the top of the file, and in each of its tables."""
    kind = KINDS[name]
    lines = ["strange0 = 1", *kind.valid.splitlines()]
    own = "[" + name.removeprefix("collect-") if name.startswith("collect-") else "["
    headers = [
        number
        for number, line in enumerate(lines)
        if line.startswith("[") and line.lstrip("[").startswith(own[1:])
    ]
    for number in reversed(headers):
        lines.insert(number + 1, f"strange{number} = 1")
    faults = faults_of(kind, folder / "settings.toml", "\n".join(lines).encode())
    assert len(headers) >= 1
    assert {int(one) for one in re.findall(r"strange(\d+): is not ", "\n".join(faults))} == {0, *headers}


PUBLIC = {"tlp", "kind", "security", "zone", "language", "client_id"}
"""Settings that a fault may repeat: one of known words, or a public name. Files' names and the policy's are others."""


@pytest.mark.parametrize("name", [name for name in KINDS if name != "policy"])
@pytest.mark.parametrize("secret", ['"hunter2 hunter2"', '["hunter2 hunter2", 1]', '"hunter2://a?b#"'])
def test_no_fault_repeats_what_may_be_a_secret_in_a_wrong_place(folder: Path, name: str, secret: str) -> None:
    lines = KINDS[name].valid.splitlines()
    start = lines.index("[console]") if name == "console" else 0
    refusals = 0
    for number, line in enumerate(lines[start:], start):
        key, is_setting, _ = line.partition(" = ")
        if (
            is_setting
            and key not in PUBLIC
            and not key.endswith(("_file", "certificate", "ca_bundle", "key", "outbox"))
        ):
            changed = [*lines[:number], f"{key} = {secret}", *lines[number + 1 :]]
            said = "\n".join(faults_of(KINDS[name], folder / "settings.toml", "\n".join(changed).encode()))
            assert "hunter2" not in said
            refusals += bool(said)
    assert refusals >= 1

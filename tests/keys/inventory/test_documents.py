"""Files, folders and discovery documents: each a key set, or a reason why it is none."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.keys.inventory.documents import LARGEST, KeyDocument, UnreadableSource, read_sources
from tests.thoroughness import examples
from tests.tokens.jose.keys import jwk, rsa_key

from .audits import Served, no_network, write

KEY = jwk(rsa_key(), kid="a")


def read(*sources: Any, fetch: Any = no_network) -> list[KeyDocument | UnreadableSource]:
    return list(read_sources([str(source) for source in sources], fetch))


def one(*sources: Any, fetch: Any = no_network) -> Any:
    (item,) = read(*sources, fetch=fetch)
    return item


def test_a_set_and_a_single_key(tmp_path: Path) -> None:
    assert one(write(tmp_path / "set.txt", KEY, KEY)).total == 2
    (tmp_path / "key.json").write_text(json.dumps(KEY))
    assert one(tmp_path / "key.json").entries == (KEY,)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no JSON"), (b"hello", "no JSON"), (b"[]", "no object"), (b"{}", "no array"), (b'{"keys":{}}', "no array"),
        (b'{"keys":[],"keys":[]}', "no JSON"), (b'{"keys":[{"kid":"a","kid":"b"}]}', "no JSON"), (b"\xff\xfe", "no JSON"),
        (b'{"keys":' + b"[" * 100_000, "no JSON"), (b" " * (LARGEST + 1), "larger"),
        (b'{"jwks_uri":7,"issuer":"https://a"}', "no text"), (b'{"jwks_uri":"https://a/k"}', "no text"),
    ],
    ids=["empty", "text", "array", "no keys", "keys object", "keys twice", "member twice", "utf-16", "deep", "large",
         "jwks_uri", "no issuer"],
)  # fmt: skip
def test_documents_that_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "set.json").write_bytes(content)
    item = one(tmp_path / "set.json")
    assert isinstance(item, UnreadableSource)
    assert words in item.reason
    assert item.malformed


@settings(
    max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.dictionaries(
            st.sampled_from(["keys", "kty", "jwks_uri", "issuer", "x"]), inner | st.lists(inner)
        ),
    ).map(lambda v: json.dumps(v).encode())
)
def test_any_content_is_a_document_or_a_reason(tmp_path: Path, content: bytes) -> None:  # fmt: skip
    (tmp_path / "set.json").write_bytes(content)
    assert isinstance(one(tmp_path / "set.json"), KeyDocument | UnreadableSource)


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    assert "No such file" in one(tmp_path / "absent.json").reason
    assert one("nul\0byte").reason
    os.mkfifo(tmp_path / "pipe")
    assert "regular" in one(tmp_path / "pipe").reason
    assert "regular" in one("/dev/zero").reason


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps({"keys": [KEY]}).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert one("-").entries == (KEY,)


def test_a_folder_is_read_in_order_and_says_what_it_passes_over(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("b.json", "a.jwks", "below/c.jwk", "notes.txt", ".hidden/d.json", ".e.json"):
        write(tmp_path / name, KEY)
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "openid.json").write_text('{"issuer": "https://a", "jwks_uri": "https://inside/secrets"}')
    served = Served({})
    items = read(tmp_path, fetch=served)
    assert [Path(item.source).name for item in items if isinstance(item, KeyDocument)] == [
        "a.jwks",
        "b.json",
        "c.jwk",
    ]
    reasons = {Path(item.source).name: item for item in items if isinstance(item, UnreadableSource)}
    assert reasons["package.json"].foreign
    assert "not followed" in reasons["openid.json"].reason
    assert served.asked == []


def test_links_inside_a_folder_are_followed_and_links_out_of_it_are_not(tmp_path: Path) -> None:
    """Inside: as Kubernetes mounts configuration, under names that stay while the files behind them change."""
    outside = write(tmp_path / "outside.json", KEY)
    folder = tmp_path / "sets"
    (folder / "..data").mkdir(parents=True)
    write(folder / "..data" / "set.json", KEY)
    (folder / "set.json").symlink_to("..data/set.json")
    (folder / "again.json").symlink_to("..data/set.json")
    (folder / "out.json").symlink_to(outside)
    (folder / "dead.json").symlink_to("nowhere")
    items = read(folder)
    assert [item.source for item in items if isinstance(item, KeyDocument)] == [str(folder / "again.json")]
    assert {Path(item.source).name for item in items if isinstance(item, UnreadableSource)} == {
        "out.json",
        "dead.json",
    }


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    assert isinstance(one(tmp_path), UnreadableSource)


ISSUER = "https://login.example.com"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"


def _served(issuer: str = ISSUER) -> Served:
    return Served({DISCOVERY: {"issuer": issuer, "jwks_uri": "https://keys.example.com/k"},
                   "https://keys.example.com/k": {"keys": [KEY]}})  # fmt: skip


def test_a_discovery_document_is_followed() -> None:
    item = one(DISCOVERY, fetch=_served())
    assert (item.source, item.keys_from, item.issuer, item.issuer_fits) == (
        DISCOVERY, "https://keys.example.com/k", ISSUER, True,
    )  # fmt: skip


def test_a_discovery_document_in_a_file_that_was_named_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "openid-configuration"
    path.write_text(json.dumps({"issuer": ISSUER, "jwks_uri": "https://keys.example.com/k"}))
    assert one(path, fetch=_served()).issuer == ISSUER


def test_a_discovery_document_that_leads_to_another_or_nowhere() -> None:
    served = _served()
    served.documents = {
        **served.documents,
        "https://keys.example.com/k": {"issuer": "x", "jwks_uri": DISCOVERY},
    }
    assert "no array" in one(DISCOVERY, fetch=served).reason
    assert len(served.asked) == 2
    served.documents = {DISCOVERY: served.documents[DISCOVERY]}
    assert isinstance(one(DISCOVERY, fetch=served), UnreadableSource)


@pytest.mark.parametrize(
    ("url", "issuer", "fits"),
    [
        (DISCOVERY, ISSUER, True),
        (DISCOVERY, ISSUER + "/", True),
        (DISCOVERY, "https://evil.example.com", False),
        (DISCOVERY, ISSUER + "/other", False),
        ("https://a/t/.well-known/openid-configuration", "https://a/t", True),
        ("https://a/.well-known/oauth-authorization-server/t", "https://a/t", True),
        ("https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration",
         "https://login.microsoftonline.com/{tenantid}/v2.0", True),
        ("https://login.microsoftonline.com/common/.well-known/openid-configuration",
         "https://sts.windows.net/{tenantid}/", True),
        ("https://login.microsoftonline.com/a/b/v2.0/.well-known/openid-configuration",
         "https://login.microsoftonline.com/{tenantid}/v2.0", False),
        ("https://evil.example.com/common/.well-known/openid-configuration", "https://sts.windows.net/{tenantid}/", False),
    ],
)  # fmt: skip
def test_a_discovery_document_speaks_for_the_issuer_it_was_asked_for(
    url: str, issuer: str, fits: bool
) -> None:
    served = Served({url: {"issuer": issuer, "jwks_uri": "https://k"}, "https://k": {"keys": [KEY]}})
    assert one(url, fetch=served).issuer_fits is fits


def test_a_million_keys_are_not_examined(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_bytes(b'{"keys":[' + b",".join([b"{}"] * 1_000_000) + b"]}")
    item = one(path)
    assert (item.total, len(item.entries), item.complete) == (1_000_000, 1000, False)

"""Secrets are masked in records, wherever they stand, and everything else stays as it came."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.secret_masking import mask_secrets
from seawall.events.secret_names import is_secret_name
from seawall.events.secret_patterns import MASK
from tests.thoroughness import examples

WEB_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"
SECRET = "Hunter2-7fQ!x"


@pytest.mark.parametrize(
    "name",
    ["password", "Password", "newPassword", "client_secret", "clientSecret", "secretText", "access_token", "RefreshToken",
     "Authorization", "Set-Cookie", "cookies", "apiKey", "x-api-key", "PrivateKey", "SAMLResponse", "sig", "otp",
     "ConnectionString", "code_verifier"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert SECRET not in mask_secrets(json.dumps({"a": {name: SECRET}}))


@pytest.mark.parametrize(
    "name",
    ["Id", "UserKey", "SessionId", "UniqueTokenIdentifier", "tokenId", "token_uid",
     "ForceChangePasswordNextSignIn", "KeyId", "PasswordLastSet",
     "ResultStatus", "InternetMessageId", "AuthenticationMethod", "signInActivity", "code", "keyCredentialId"],
)  # fmt: skip
def test_names_of_evidence(name: str) -> None:
    assert not is_secret_name(name)
    text = json.dumps({name: "0f3a8f2e-0000-4000-8000-000000000001"})
    assert mask_secrets(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"token {WEB_TOKEN} used",
        f"Authorization: Bearer {WEB_TOKEN}",
        "Authorization: Basic YW5uOnNlY3JldA==",
        "Cookie: ESTSAUTH=0.AAAAhunter; other=1\r\nHost: x",
        "https://x.blob.example/c?sv=2022&sig=Ab%2Fhunter%3D&se=3",
        "https://x.example/back?code=0.hunter&state=1",
        "https://b.s3.example/o?X-Amz-Signature=hunterhunter&X-Amz-Date=1",
        "imaps://ann:hunter2@mail.example/",
        "New-MailboxExportRequest -Password hunter -client_secret=hunter99",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter\n-----END RSA PRIVATE KEY-----",
        "key abc8Q~" + "hunter" * 6,
        "xoxb-1234567890-hunter",
        "ghp_" + "hunter" * 6,
        "Password=hunter;Server=x",
        'inner: {"password": "hunter"',
    ],
)
def test_texts_that_open_something(text: str) -> None:
    secret = WEB_TOKEN if "eyJ" in text else "YW5u" if "Basic" in text else "hunter"
    masked = mask_secrets(json.dumps({"Value": text}))
    assert secret not in masked
    assert MASK in json.loads(masked)["Value"]


@pytest.mark.parametrize(
    "text",
    ["Client=OWA;Action=ViaProxy", "Basic Authentication", "<CAF1=abc@mail.example>", "https://x.example/?page=2&id=7#top",
     "AAMkAGI2TG93AAA=", "Mozilla/5.0 (X11; Linux x86_64) key=", "0.AAAA", "Microsoft.Exchange.ServiceHost", "user:pass",
     "token was refused"],
)  # fmt: skip
def test_texts_that_open_nothing_stay(text: str) -> None:
    whole = json.dumps({"Value": text, "Other": [text]})
    assert mask_secrets(whole) == whole


@pytest.mark.parametrize("order", [["Name", "Value"], ["Value", "Name"]])
@pytest.mark.parametrize("value", [SECRET, [SECRET, {"deep": SECRET}], {"Value": SECRET}, 12345])
def test_pairs_of_name_and_value(order: list[str], value: Any) -> None:
    pair = {"Name": "ClientSecret", "Value": value}
    record = {"Parameters": [{key: pair[key] for key in order}, {"Name": "Identity", "Value": "ann"}]}
    masked = mask_secrets(json.dumps(record))
    assert SECRET not in masked
    assert "12345" not in masked
    assert json.loads(masked)["Parameters"][1] == {"Name": "Identity", "Value": "ann"}


def test_records_inside_texts_and_inside_these() -> None:
    inner = json.dumps(
        {"ExtendedProperties": json.dumps({"refresh_token": SECRET, "Id": "1"}), "Subject": 'é \\ "'}
    )
    masked = mask_secrets(json.dumps({"AuditData": inner, "Id": "2"}))
    assert SECRET not in masked
    document = json.loads(json.loads(masked)["AuditData"])
    assert document["Subject"] == 'é \\ "'
    assert json.loads(document["ExtendedProperties"]) == {"refresh_token": MASK, "Id": "1"}


def test_switches_and_empty_values_stay() -> None:
    text = '{"password": "True", "secret": null, "token": "", "cookies": [], "secrets": {"a": false}}'
    assert mask_secrets(text) == text


def test_a_cut_text_gives_no_half_secret() -> None:
    whole = json.dumps(
        {"a": [{"Value": SECRET, "Name": "Password"}], "b": "Bearer " + "s3cret" * 9, "token": "t" * 40}
    )
    for end in range(1, len(whole)):
        masked = mask_secrets(whole[:end], is_cut=True)
        assert SECRET not in masked
        assert "s3crets3cret" not in masked
        assert "tttttttttt" not in masked


def test_damaged_texts_are_masked_too() -> None:
    assert "hunter" not in mask_secrets("not json at all; password=hunter2; Cookie: hunter=1")
    assert "hunter" not in mask_secrets('{"a": 1, "password": "hunter2", "b": {')
    assert mask_secrets("\x00\xff {{{") == "\x00\xff {{{"
    assert mask_secrets("") == ""


def test_a_surrogate_beside_a_secret_can_still_be_written() -> None:
    masked = mask_secrets('{"a": "\\ud800 Bearer abcdefgh1234"}')
    assert masked.encode()
    assert "abcdefgh1234" not in masked


NAMES = st.one_of(
    st.sampled_from(["Id", "UserId", "Operation", "Folders", "a", "Value", "Name"]),
    st.text(max_size=6).filter(lambda n: not is_secret_name(n)),
)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(["", "ann", "é\n", "\u2028<b>", 'a"b\\', "1.0@b"]),
)
VALUES = st.recursive(
    PLAIN
    | st.just({"password": SECRET})
    | st.just({"Name": "Password", "Value": SECRET})
    | st.just(f"x?sig={SECRET}"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES, inner, max_size=4)
        | inner.map(json.dumps).filter(lambda text: text[:1] in "{[")
    ),
    max_leaves=25,
)


def is_same_but_masked(one: Any, masked: Any) -> bool:
    """Whether two values differ only where a planted secret was, in texts too."""
    if one == masked and type(one) is type(masked):
        return True
    if isinstance(one, dict) and isinstance(masked, dict):
        return list(one) == list(masked) and all(is_same_but_masked(one[key], masked[key]) for key in one)
    if isinstance(one, list) and isinstance(masked, list):
        return len(one) == len(masked) and all(map(is_same_but_masked, one, masked))
    if isinstance(one, str) and isinstance(masked, str):
        if one[:1] in '{["':
            try:
                return is_same_but_masked(json.loads(one), json.loads(masked))
            except ValueError:
                pass
        return one.replace(SECRET, MASK) == masked
    return False


@settings(max_examples=examples(300), deadline=None)
@given(VALUES, st.booleans())
def test_what_is_kept_is_what_came_except_for_secrets(value: Any, is_ascii: bool) -> None:
    text = json.dumps({"record": value}, ensure_ascii=is_ascii, indent=1 if is_ascii else None)
    masked = mask_secrets(text)
    assert is_same_but_masked(json.loads(text), json.loads(masked))
    assert SECRET not in masked
    if SECRET not in text:
        assert masked == text
    assert mask_secrets(masked) == masked


@settings(max_examples=examples(200), deadline=None)
@given(st.text(alphabet='{}[]:,"\\ \nabceyJ.=?&password', max_size=200), st.booleans())
def test_any_text_is_read_to_its_end(text: str, is_cut: bool) -> None:
    masked = mask_secrets(text, is_cut=is_cut)
    assert isinstance(masked, str)
    assert mask_secrets("{" + text + "}", is_cut=is_cut) is not None


def test_hostile_texts_take_no_long_time() -> None:
    for text in (
        '{"a":' * 50_000,
        "[" * 100_000,
        '"' * 100_001,
        '{"Value":[' * 20_000,
        "eyJ" * 30_000,
        "-----BEGIN PRIVATE KEY" * 5_000,
        "a" * 100_000,
    ):
        assert len(mask_secrets(text, is_cut=True)) > 0

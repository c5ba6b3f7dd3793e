"""What is left of a damaged record: its names as far as they stand beyond doubt, and nothing that only looks like them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.damaged_records import _NAMES, LONGEST, extract_remains, read_hints
from seawall.events.problem import DamagedRecordHint

READ = {
    "CreationTime": "2026-03-02T10:00:00",
    "Operation": "MailItemsAccessed",
    "OrganizationId": "org",
    "RecordType": 50,
    "UserType": 0,
    "Workload": "Exchange",
    "UserId": "delegate@x.example",
    "ClientInfoString": 'Client=x;","MailboxOwnerUPN":"evil@x.example","y":"',
    "MailboxOwnerUPN": "Owner@x.example",
    "Folders": [{"Path": "\\Inbox", "FolderItems": [{"InternetMessageId": "<1@x>"}]}],
}
TEXT = json.dumps(READ, separators=(",", ":"))
WHOLE = DamagedRecordHint(
    1_772_445_600_000_000, "org", "mail_access", "delegate@x.example", "owner@x.example"
)


def said(text: str) -> DamagedRecordHint:
    return read_hints([extract_remains(text)])[0] if extract_remains(text) else DamagedRecordHint()


def test_a_record_that_was_cut_behind_its_names_says_them() -> None:
    assert said(TEXT[:-20]) == WHOLE


def test_one_that_was_cut_before_them_says_less() -> None:
    assert said(TEXT[: TEXT.index('"UserId"')]) == DamagedRecordHint(WHOLE.time, "org", "mail_access")
    assert said(TEXT[: TEXT.index("Owner") + 3]) == DamagedRecordHint(
        WHOLE.time, "org", "mail_access", "delegate@x.example"
    )
    assert said(TEXT[:15]) == DamagedRecordHint()


@pytest.mark.parametrize("shape", ["search", "audit data"])
def test_a_record_inside_another_is_found(shape: str) -> None:
    outer = {"RecordType": "ExchangeItemAggregated", "CreationDate": "2026-03-02", "AuditData": TEXT}
    text = json.dumps(outer if shape == "search" else {"AuditData": TEXT})
    assert said(text[:-30]) == WHOLE


def test_a_quote_that_was_lost_in_the_middle_leaves_the_names() -> None:
    assert said(TEXT.replace('"RecordType"', '"RecordType', 1)) == WHOLE


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace('"Owner@x', '"Hol"der@x', 1),
        TEXT.replace('"Folders"', '"MailboxOwnerUPN":"other@x.example,"Folders"', 1),
        TEXT[:200] + TEXT[40:].replace("Owner", "Another"),
    ],
    ids=["in the name itself", "two names", "two records in one"],
)
def test_a_name_that_may_be_damaged_is_not_believed(text: str) -> None:
    assert said(text).mailbox is None


def test_a_sign_in_says_whose_it_is() -> None:
    record = {"createdDateTime": "2026-03-02T10:00:00Z", "userPrincipalName": "A@x.example", "appId": "b"}
    cut = json.dumps({**record, "clientAppUsed": "Browser", "note": "long"})[:-6]
    assert (said(cut).kind, said(cut).account) == ("sign_in", "a@x.example")


def test_secrets_and_content_are_not_kept() -> None:
    text = json.dumps({**READ, "access_token": "s3cret-value", "Subject": "private"})[:-9]
    assert "s3cret" not in extract_remains(text)
    assert "<1@x>" not in extract_remains(text)


def test_what_is_longer_than_a_record_may_be_says_nothing() -> None:
    assert extract_remains(TEXT[:-2] + " " * LONGEST) == ""


@pytest.mark.parametrize("field", sorted(_NAMES))
@pytest.mark.parametrize("value", ['"a\\ud800b"', '{"\\udfff":["\\ud83d"]}'], ids=["text", "inside"])
def test_halves_of_surrogate_pairs_are_replaced_in_every_field(field: str, value: str) -> None:
    other = "id" if field != "id" else "kind"
    left = extract_remains(f'{{"{field}":{value},"{other}":"7","Subject":"cut o')
    assert "\\u" not in left
    assert left.encode("utf-8")
    assert len(read_hints([left])) == 1


@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300),
        st.text(alphabet='{}[]",:\\au ', max_size=200),
        st.from_regex(r'"(id|actor|kind)":"(\\\\ud[89c]00|\\\\u0041|x){1,4}",', fullmatch=True),
    )
)
def test_nothing_raises(text: bytes | str) -> None:
    for each in (text, "{" + text if isinstance(text, str) else b"{" + text):
        assert len(read_hints([extract_remains(each)])) == 1


def test_deep_nesting_says_nothing() -> None:
    assert extract_remains('{"actor":' + "[" * 50_000) == ""

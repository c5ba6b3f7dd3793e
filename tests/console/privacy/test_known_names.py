"""Finding names in texts: every spelling of a person is found, and texts without names stay as they are."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.console.privacy.name_view import NameView, ShownCodes
from seawall.console.privacy.pseudonyms import PSEUDONYM, Pseudonyms
from seawall_base.person_names import KnownNames

KEY = bytes(range(32))
MAKER = Pseudonyms(KEY)
ANNA = "anna.berger@x.example"


def view(*accounts: str, revealed: tuple[str, ...] = (), others: dict[str, str] | None = None) -> NameView:
    names = KnownNames(accounts, others)
    return NameView(
        names=names,
        codes=names.list_codes(MAKER.code_of),
        shown=ShownCodes(),
        pseudonyms=MAKER,
        literals=frozenset({"high"}),
        revealed=frozenset(revealed),
    )


@pytest.mark.parametrize(
    "text",
    [
        ANNA,
        ANNA.upper(),
        "anna.berger",
        "Anna Berger",
        "Berger, Anna",
        "anna_berger",
        "anna_berger_x_example",
        "anna.berger%40x.example",
        "anna-berger",
    ],
)
def test_every_spelling_is_the_same_person(text: str) -> None:
    seen = view(ANNA, "bob@x.example")
    assert seen.hide_text(f"see {text}'s mailbox") == f"see {MAKER.pseudonym_of(ANNA)}'s mailbox"
    assert seen.hide_text(text) == MAKER.pseudonym_of(ANNA)


@pytest.mark.parametrize(
    "text",
    [
        "susanna berger",
        "annaberger",
        "anna and berger",
        "the network of AS64500",
        "info on the sales team",
        "x.example",
        "",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert view(ANNA, "info@x.example", "sales@x.example", "x@x.example").hide_text(text) == text


def test_a_local_part_of_two_persons_is_hidden_as_neither() -> None:
    seen = view("bob@x.example", "bob@y.example")
    hidden = seen.hide_text("bob reads")
    assert hidden not in {f"{MAKER.pseudonym_of(name)} reads" for name in ("bob@x.example", "bob@y.example")}
    assert "bob" not in hidden
    assert hidden == f"{MAKER.pseudonym_of('bob')} reads"


def test_an_object_id_is_the_persons_name_too() -> None:
    uid = "0a1b2c3d-0000-4000-8000-000000000001"
    assert view(ANNA, others={uid: ANNA}).hide_text(uid) == MAKER.pseudonym_of(ANNA)


def test_an_address_that_nobody_knows_is_hidden_and_can_be_asked_for() -> None:
    seen = view()
    hidden = seen.hide_text("to Eve@far.example.")
    assert hidden == f"to {MAKER.pseudonym_of('eve@far.example')}."
    assert seen.read_text(MAKER.pseudonym_of("eve@far.example")) == "Eve@far.example"


def test_values_of_the_api_stay_even_if_an_account_is_called_so() -> None:
    assert view("high").hide_values({"severity": "high", "text": "high", "next_cursor": "high"}) == {
        "severity": "high",
        "text": "high",
        "next_cursor": "high",
    }


def test_display_names_of_records_are_hidden_by_their_field() -> None:
    raw = {
        "UserDisplayName": "Annie B",
        "Target": {"displayName": "Annie", "upn": ANNA},
        "App": {"displayName": "Mail"},
    }
    her = MAKER.pseudonym_of(ANNA)
    hidden = view(ANNA).hide_values(raw)
    assert hidden["Target"] == {"displayName": her, "upn": her}
    assert hidden["App"] == {"displayName": "Mail"}
    assert hidden["UserDisplayName"] == MAKER.pseudonym_of("Annie B")


def test_a_name_of_odd_characters_is_found_within_a_text() -> None:
    odd = '"><img src=x onerror="a()">@x.example'
    hidden = view(odd, ANNA).hide_text(f"Account takeover: {odd} and Anna Berger")
    assert hidden == f"Account takeover: {MAKER.pseudonym_of(odd)} and {MAKER.pseudonym_of(ANNA)}"


def test_keys_of_objects_are_hidden_if_they_are_names() -> None:
    assert view(ANNA).hide_values({ANNA: 1, "anna": 2}) == {MAKER.pseudonym_of(ANNA): 1, "anna": 2}


def test_pseudonyms_have_one_form_and_depend_on_the_key() -> None:
    text = MAKER.pseudonym_of(ANNA)
    assert PSEUDONYM.fullmatch(text)
    assert text == MAKER.pseudonym_of(ANNA.upper())
    assert text != Pseudonyms(KEY[::-1]).pseudonym_of(ANNA)


def test_a_code_that_two_names_share_stands_for_neither() -> None:
    class Narrow(Pseudonyms):
        def code_of(self, name: str) -> str:
            return "0000-0000"

    assert KnownNames([ANNA, "bob@x.example"]).list_codes(Narrow(KEY).code_of) == {}


WORDS = st.text(string.ascii_lowercase, min_size=3, max_size=8)
ACCOUNTS = st.builds(lambda one, two: f"{one}.{two}@x.example", WORDS, WORDS)


@given(st.lists(ACCOUNTS, min_size=1, max_size=6, unique=True), st.text(max_size=40), st.text(max_size=40))
def test_no_account_survives_in_any_text(accounts: list[str], before: str, after: str) -> None:
    seen = view(*accounts)
    for account in accounts:
        for text in (account, account.upper(), f"{before} {account} {after}", f"{before}<{account}>{after}"):
            assert account not in seen.hide_text(text).casefold()


@given(ACCOUNTS, st.text(max_size=60))
def test_who_is_revealed_is_read_as_written(account: str, text: str) -> None:
    seen = view(account, revealed=(account,))
    assert account in seen.hide_text(f"{text} {account}") or "@" in text


@given(st.text(max_size=80))
def test_a_text_without_names_is_not_changed(text: str) -> None:
    if "@" in text or "%40" in text:
        return
    assert view().hide_text(text) == text
    assert view().read_text(text) == text


@given(ACCOUNTS, st.text(string.printable, max_size=30))
def test_what_is_shown_can_be_sent_back(account: str, note: str) -> None:
    if "@" in note or "%40" in note:
        return
    seen = view(account)
    sent = seen.hide_text(f"{account} {note}")
    assert account in seen.read_text(sent)

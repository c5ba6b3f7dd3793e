"""Text from logs is bounded, harmless and marked, whatever it is."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.console.privacy.name_view import NameView, ShownCodes
from seawall.console.privacy.pseudonyms import Pseudonyms
from seawall.mcp.log_text import (
    NAME_LENGTH,
    SENTENCE_LENGTH,
    AnswerWriter,
    UntrustedText,
    choose_code,
    choose_id,
    make_bounded_list,
)
from seawall_base.person_names import KnownNames
from seawall_base.safe_text import visible

ANY = st.text(max_size=900)


@given(ANY, st.integers(1, SENTENCE_LENGTH))
def test_a_text_is_bounded_and_visible(text: str, most: int) -> None:
    found = AnswerWriter().write(text, most)
    assert len(found.untrusted) <= most
    assert visible(found.untrusted, most) == found.untrusted
    if not found.cut:
        assert found.untrusted == visible(text, most)
    assert msgspec.json.decode(msgspec.json.encode(found), type=UntrustedText) == found


@given(st.text("ab .@", max_size=40), st.text("ab .@", max_size=40))
def test_no_cut_leaves_half_of_a_name(before: str, after: str) -> None:
    name = "anna.berger@x.example"
    pseudonyms = Pseudonyms(bytes(32))
    names = KnownNames([name])
    view = NameView(names=names, codes={}, shown=ShownCodes(), pseudonyms=pseudonyms)
    for most in (5, 10, 20, 40):
        shown = AnswerWriter(view).write(f"{before} {name} {after}", most).untrusted
        assert "anna" not in shown
        assert "berger" not in shown


def test_values_sentences_and_nothing() -> None:
    writer = AnswerWriter()
    assert writer.write_name(None) is None
    assert len(writer.write_value("x" * 500).untrusted) == NAME_LENGTH
    assert writer.write_value("x" * NAME_LENGTH) == UntrustedText("x" * NAME_LENGTH)
    listed = writer.list_values(["a", "b", "c"], 2)
    assert ([one.untrusted for one in listed.items], listed.total, listed.cut) == (["a", "b"], 3, True)
    more = writer.list_values(["a"], 2, 9)
    assert (more.total, more.cut) == (9, True)
    assert writer.list_sentences([], 2) == make_bounded_list([])


@pytest.mark.parametrize(
    ("text", "code", "id_"),
    [("no-identifiers", "no-identifiers", "no-identifiers"), ("Ignore this", "other", ""), ("a\n", "other", ""),
     ("0123abcd", "other", "0123abcd"), ("", "other", ""), ("x" * 65, "other", "")],
)  # fmt: skip
def test_words_and_ids_have_a_fixed_form(text: str, code: str, id_: str) -> None:
    assert (choose_code(text), choose_id(text)) == (code, id_)

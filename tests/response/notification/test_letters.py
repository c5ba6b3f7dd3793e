"""What a letter says, to whom, and in which forms."""

from __future__ import annotations

import dataclasses
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.collection.coverage_gap import CoverageGap
from seawall.response.errors import CaseInvalid
from seawall.response.notification.case_file import NotificationCase
from seawall.response.notification.changes import list_changes
from seawall.response.notification.document import LetterDocument
from seawall.response.notification.forms import render_html, render_pdf, render_text
from seawall.response.notification.language import load_language
from seawall.response.notification.letter import (
    LetterFacts,
    collect_facts,
    decode_facts,
    digest_facts,
)
from seawall.response.notification.writing import LetterEdition, PreviousVersion, write_letter
from seawall.response.scope_values import Message, Scope, ScopeSubject, SyncedFolder
from seawall_base.json_text import encode_json
from tests.response.cases import (
    ANNA,
    BEN,
    CARLA,
    DAY,
    GAP,
    HOSTILE,
    LONG,
    RECIPIENTS,
    SHORT,
    T,
    case,
    case_text,
    mailbox,
    messages,
    scope,
    toml,
)

CODE = "ABCD-EFGH-JKLM"


def facts(path: Path, who: str, scope_: Scope = SHORT, text: str | None = None) -> LetterFacts:
    read = case(text or case_text(), path)
    return collect_facts(read, read.recipient(who), scope_)


def letter(given: LetterFacts, tag: str = "en", earlier: PreviousVersion | None = None) -> LetterDocument:
    return write_letter(
        given,
        LetterEdition(2 if earlier else 1, T + 21 * DAY, CODE, earlier),
        load_language(tag, "Europe/Berlin"),
    )


def section(document: LetterDocument, key: str) -> str:
    """All that a section says, in one text."""
    found = [part for part in document.sections if part.key == key]
    assert len(found) == 1, key
    parts = [line for block in found[0].blocks for line in block.lines]
    return "\n".join([*parts, *(cell for block in found[0].blocks for row in block.rows for cell in row)])


def test_an_owner_hears_of_their_own_mailbox_alone(tmp_path: Path) -> None:
    for who, own, others in (
        ("anna", ANNA, (BEN, CARLA)),
        ("ben", BEN, (ANNA, CARLA)),
        ("carla", CARLA, (ANNA, BEN)),
    ):
        text = render_text(letter(facts(tmp_path, who)))
        assert own in text
        assert not any(other in text for other in others)


def test_an_organisation_hears_of_its_own_mailboxes_alone(tmp_path: Path) -> None:
    other = dataclasses.replace(mailbox("x@fabrikam.example"), tenant="fabrikam")
    strange = dataclasses.replace(messages(ANNA, 1)[0], id="<strange@fabrikam>", tenant="fabrikam")
    text = render_text(letter(facts(tmp_path, "contoso", dataclasses.replace(SHORT, mailboxes=(*SHORT.mailboxes, other),
                                                                       messages=(*SHORT.messages, strange)))))  # fmt: skip
    assert all(own in text for own in (ANNA, BEN, CARLA))
    assert "fabrikam" not in text


def test_what_is_proved_possible_and_ruled_out_is_said_as_such(tmp_path: Path) -> None:
    anna, ben, carla = (letter(facts(tmp_path, who)) for who in ("anna", "ben", "carla"))
    assert (anna.verdict, ben.verdict, carla.verdict) == ("touched", "possible", "not_touched")
    assert "was accessed" in section(anna, "known")
    assert "2 messages were certainly read" in section(anna, "taken")
    assert "0.AM6PR01MB000000" in section(anna, "taken")
    assert "Why we presume it: Records are missing (mail access, 3 November 2026" in section(ben, "unknown")
    assert "Presume that every message" in section(ben, "taken")
    assert "was not accessed" in section(carla, "known")
    assert "mail access records cover all 20 days" in section(carla, "evidence")
    assert "for nothing else" in section(carla, "next")
    assert "Nothing, as far as the records" in section(carla, "taken")


@pytest.mark.parametrize("who", RECIPIENTS)
@pytest.mark.parametrize("tag", ["de", "en"])
def test_every_letter_says_what_is_known_what_is_not_what_was_taken_and_what_to_do(
    tmp_path: Path, who: str, tag: str
) -> None:
    document = letter(facts(tmp_path, who), tag)
    for key in ("happened", "known", "unknown", "taken", "advice", "next"):
        assert section(document, key).strip()
    assert CODE in section(document, "next")


def test_a_presumption_without_a_gap_gives_its_reason(tmp_path: Path) -> None:
    given = scope([mailbox(BEN, "possible", reasons=("the address is one that others use too",))])
    said = section(letter(facts(tmp_path, "ben", given)), "unknown")
    assert "Why we presume it: there are records that can be attributed" in said
    assert "the address is one that others use too" in said
    german = letter(facts(tmp_path, "ben", given), "de")
    assert "sicher zuordnen" in section(german, "unknown")
    assert "others use too" not in section(german, "unknown")
    assert "others use too" in section(german, "evidence")


def used(verdict: str = "possible") -> Scope:
    """Anna's account was used; of her mailbox it is not proved."""
    account = dataclasses.replace(mailbox(ANNA), kind="account", messages=0)
    whole = ScopeSubject("organisation", "contoso", "contoso", "touched", ("one account was used",))
    return scope([mailbox(ANNA, verdict)], organisations=[whole], accounts=[account])


@pytest.mark.parametrize(("tag", "word"), [("en", "proved: account was used"), ("de", "Konto wurde benutzt")])
def test_an_account_that_was_used_is_no_proof_that_its_mail_was_read(
    tmp_path: Path, tag: str, word: str
) -> None:
    for who in ("anna", "contoso"):
        document = letter(facts(tmp_path, who, used()), tag)
        assert word in document.verdict_text
        assert document.verdict == "touched"
        known = load_language(tag, "Europe/Berlin")
        kind = "owner" if who == "anna" else "organisation"
        assert document.title == known.say(f"title.{kind}_used")
        assert known.say(f"happened.{kind}_touched") not in section(document, "happened")
        assert known.say("unknown.doubt") in section(document, "unknown")
        assert known.items("advice.owner_touched")[0] not in section(document, "advice")
    document = letter(facts(tmp_path, "anna", used("touched")), tag)
    assert document.title == load_language(tag).say("title.owner_touched")


def test_the_annex_says_of_what_it_speaks_and_names_no_path(tmp_path: Path) -> None:
    given = dataclasses.replace(used(), sources=("/srv/ann/other-customer/exports",))
    said = section(letter(facts(tmp_path, "anna", given)), "evidence")
    assert f"Mailbox {ANNA}: reason for" in said
    assert f"Account {ANNA}: reason for" in said
    assert "Examined: exports" in said
    assert "/srv" not in said


def test_a_no_that_rests_on_somebodys_word_says_so(tmp_path: Path) -> None:
    vouched = dataclasses.replace(SHORT, is_complete=True)
    assert "rests on the word" in section(letter(facts(tmp_path, "carla", vouched)), "known")
    assert "rests on the word" in section(letter(facts(tmp_path, "contoso", vouched)), "known")
    assert "rests on the word" not in section(letter(facts(tmp_path, "anna", vouched)), "known")
    assert "rests on the word" not in section(letter(facts(tmp_path, "carla")), "known")


def test_folders_and_throttling_are_presumed_taken(tmp_path: Path) -> None:
    said = section(letter(facts(tmp_path, "contoso", LONG)), "taken")
    assert "\\Projects\\3 Agreement" in said
    assert "Presume that everything in it was read" in said
    assert "7 further messages" in said


def test_no_letter_is_written_about_what_was_not_examined(tmp_path: Path) -> None:
    with pytest.raises(CaseInvalid, match=r"says nothing of 'nobody@contoso\.example'"):
        facts(
            tmp_path,
            "n",
            text=case_text({"n": {"kind": "owner", "name": "N", "mailboxes": ["Nobody@contoso.example"]}}),
        )
    with pytest.raises(CaseInvalid, match="says nothing of the organisation"):
        facts(
            tmp_path,
            "n",
            text=case_text({"n": {"kind": "organisation", "name": "N", "organisation": "nowhere"}}),
        )


def test_a_name_that_two_organisations_have_is_refused_until_one_is_named(tmp_path: Path) -> None:
    twice = scope([mailbox(ANNA), dataclasses.replace(mailbox(ANNA, "not_touched"), tenant="fabrikam")])
    with pytest.raises(CaseInvalid, match="several organisations"):
        facts(tmp_path, "anna", twice)
    named = case_text({"anna": {**RECIPIENTS["anna"], "organisation": "fabrikam"}})
    assert facts(tmp_path, "anna", twice, named).verdict == "not_touched"


def test_the_operators_words_come_in_the_recipients_language(tmp_path: Path) -> None:
    german = {
        "title": "Zugriff im November",
        "happened": "Der Schlüssel eines Dienstes wurde missbraucht.",
        "measures": ["Zugang gesperrt"],
        "unknown": ["Wer es war"],
        "advice": ["Rufen Sie an"],
    }
    lines = ["[texts.de]", *(f"{name} = {toml(value)}" for name, value in german.items())]
    more = "\n".join([*lines, "[texts.en]", 'happened = "A key was abused."'])
    document = letter(facts(tmp_path, "anna", text=case_text(more=more)), "de")
    assert "Der Schlüssel eines Dienstes" in section(document, "happened")
    assert ("Fall", "2026-11-mail: Zugriff im November") in document.reference
    assert section(document, "done") == "Zugang gesperrt"
    assert "Wer es war" in section(document, "unknown")
    assert section(document, "advice").startswith("Rufen Sie an")
    with pytest.raises(CaseInvalid, match=r"texts\.de\] is missing"):
        case(case_text(more="[texts.en]\n"), tmp_path)


def test_the_same_facts_have_nothing_new_to_tell(tmp_path: Path) -> None:
    before, again = facts(tmp_path, "anna"), facts(tmp_path, "anna")
    assert digest_facts(before) == digest_facts(again)
    assert list_changes(before, again) == ()
    assert decode_facts(encode_json(before, sort_keys=True)) == before
    assert digest_facts(decode_facts(encode_json(before, sort_keys=True))) == digest_facts(before)


def test_a_correction_says_what_changed(tmp_path: Path) -> None:
    before = facts(tmp_path, "anna")
    later = scope(
        [mailbox(ANNA, messages=5, first=T, gaps=(GAP,), folders=(SyncedFolder(ANNA, "\\Sent", (), T, T),))],
        messages(ANNA, 5),
    )
    more = '[texts.en]\ncorrection = "Further logs came in."\n[texts.de]\ncorrection = "Weitere Protokolle."'
    after = facts(tmp_path, "anna", later, case_text(case="contained = 2026-11-21T12:00:00Z", more=more))
    assert digest_facts(before) != digest_facts(after)
    document = letter(after, "en", PreviousVersion(1, T + 20 * DAY, list_changes(before, after)))
    assert document.title.startswith("Correction: ")
    said = section(document, "changed")
    assert "21 November 2026 (version 1)" in said
    assert "was 2 and is now 5" in said
    assert "The folder \\Sent in anna@contoso.example must now also be presumed taken" in said
    assert (
        "lasted from 1 November 2026, 04:00 to 5 November 2026, 01:00. As far as is known now it lasted from 1 Nov"
        in said
    )
    assert "1 further gap" in said
    assert "The access was ended on 21 November 2026, 13:00" in said
    back = facts(tmp_path, "anna", scope([mailbox(ANNA, "not_touched")]))
    said = section(letter(back, "en", PreviousVersion(2, T + 22 * DAY, list_changes(after, back))), "changed")
    assert "The result was: proved: was accessed. It is now: proved: was not accessed." in said


def test_why_a_correction_is_made_is_no_news_by_itself(tmp_path: Path) -> None:
    plain = case_text(more="[texts.en]\n[texts.de]\n")
    reasoned = case_text(more='[texts.en]\n[texts.de]\ncorrection = "x"\n')
    assert digest_facts(facts(tmp_path, "anna", text=plain)) == digest_facts(
        facts(tmp_path, "anna", text=reasoned)
    )


def hostile_letter(path: Path, tag: str = "en") -> LetterDocument:
    given = scope(
        [
            mailbox(name, folders=(SyncedFolder(name, name, (), T, T + 5),), reasons=(name,))
            for name in HOSTILE
        ],
        [Message(name, name, name, "r", T, "contoso") for name in HOSTILE],
    )
    return letter(facts(path, "contoso", given), tag)


@pytest.mark.parametrize("tag", ["de", "en"])
def test_hostile_text_is_text_in_every_form(tmp_path: Path, tag: str) -> None:
    document = hostile_letter(tmp_path, tag)
    page, text = render_html(document), render_text(document)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "default-src 'none'" in unescape(page)
    for form in (page, text):
        assert "\u202e" not in form
        assert "\r" not in form
        assert "n" * 401 not in form
        form.encode("utf-8")
    assert not re.search(r"^Bcc", text, re.MULTILINE)
    pypdfium2 = pytest.importorskip("pypdfium2")
    pdf = render_pdf(document)
    assert pdf.is_archival
    with pypdfium2.PdfDocument(pdf.content) as opened:
        shown = "".join(page.get_textpage().get_text_range() for page in opened)
    assert '#read("/etc/passwd") *bold* $x$ @ref' in shown
    assert "{name} {0} %s" in shown
    assert "root:" not in shown


@given(
    st.lists(st.text(st.characters(codec=None), max_size=60), min_size=1, max_size=4, unique_by=str.casefold)
)
def test_any_name_gives_a_letter(names: list[str]) -> None:
    read = msgspec.toml.decode(case_text(), type=NotificationCase)
    given = scope(
        [mailbox(name, reasons=(name,)) for name in names],
        [Message(n, n, n, "r", T, "contoso") for n in names],
    )
    told = collect_facts(read, read.recipient("contoso"), given)
    document = letter(told)
    page = _Tags()
    page.feed(render_html(document))
    plain = _Tags()
    plain.feed(render_html(letter(collect_facts(read, read.recipient("contoso"), PLAIN[len(names)]))))
    assert page.tags == plain.tags
    render_text(document).encode("utf-8")
    assert digest_facts(decode_facts(encode_json(told, sort_keys=True))) == digest_facts(told)


class _Tags(HTMLParser):
    """The tags of a page in their order: what names hold must not change them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"{tag} {sorted(name for name, _ in attrs)}")


PLAIN = {
    count: scope(
        [mailbox(f"m{n}", reasons=("r",)) for n in range(count)],
        [Message(f"m{n}", "i", "f", "r", T, "contoso") for n in range(count)],
    )
    for count in range(1, 5)
}


def test_a_pdf_is_the_same_bytes_and_says_its_date(tmp_path: Path) -> None:
    document = letter(facts(tmp_path, "anna"), "de")
    first = render_pdf(document)
    assert first == render_pdf(document)
    assert first.is_archival
    assert first.content.startswith(b"%PDF-")
    assert b"pdfuaid" in first.content


def test_a_character_that_no_font_has_is_told(tmp_path: Path) -> None:
    text = case_text({"anna": {**RECIPIENTS["anna"], "name": "東京"}})
    pdf = render_pdf(letter(facts(tmp_path, "anna", text=text)))
    assert not pdf.is_archival
    assert pdf.content.startswith(b"%PDF-")


def test_a_message_number_can_be_copied_from_the_pdf(tmp_path: Path) -> None:
    pypdfium2 = pytest.importorskip("pypdfium2")
    with pypdfium2.PdfDocument(render_pdf(letter(facts(tmp_path, "anna"))).content) as opened:
        shown = "".join(page.get_textpage().get_text_range() for page in opened)
    assert "<1.AM6PR01MB000001@contoso.example>" in shown


def test_text_is_wrapped_and_never_cuts_a_word(tmp_path: Path) -> None:
    for line in render_text(letter(facts(tmp_path, "contoso", LONG))).splitlines():
        assert len(line) <= 76 or " " not in line.strip("* ")


def test_an_account_that_has_no_mailbox_or_was_used_otherwise_is_listed(tmp_path: Path) -> None:
    service = dataclasses.replace(
        mailbox("00000000-0000-4000-8000-000000000001", reasons=("x",)), kind="account", messages=9
    )
    given = scope(
        [mailbox(ANNA, "possible")], accounts=[dataclasses.replace(mailbox(ANNA), kind="account"), service]
    )
    owner = letter(facts(tmp_path, "anna", given))
    assert section(owner, "known").splitlines()[:2] == [
        "For your mailbox anna@contoso.example, access cannot be ruled out.",
        "Your account anna@contoso.example was used by somebody else.",
    ]
    organisation = section(letter(facts(tmp_path, "contoso", given)), "known")
    assert "2 mailboxes or accounts were accessed" in organisation
    assert service.name in organisation
    assert section(letter(facts(tmp_path, "contoso", given)), "taken").startswith(
        "The records name no message"
    )


def test_a_gap_is_said_in_the_language_or_in_the_words_of_the_analysis(tmp_path: Path) -> None:
    gaps = (
        CoverageGap(T, T + DAY, "mail_access", "audit-off", "English words"),
        CoverageGap(T, T + DAY, "{source}", "strange-code", "the {text} of the analysis"),
        CoverageGap(T, T + DAY, "x.y", "use.other", ""),
    )
    said = section(letter(facts(tmp_path, "anna", scope([mailbox(ANNA, gaps=gaps)])), "de"), "unknown")
    assert "nicht protokolliert (Zugriffe auf Mails, 1. November 2026, 01:00 Uhr bis" in said
    assert "English words" not in said
    assert "Im Wortlaut der Auswertung: the {text} of the analysis ({source}, " in said
    assert "use.other (x.y, " in said

"""A letter says what the intruder did to its addressee: true of the records, in plain words, and without other people."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import seawall
from seawall.events.changes.acts import ACTS, spell_operation
from seawall.response.notification.case_file import NotificationCase, Recipient
from seawall.response.notification.changes import list_changes
from seawall.response.notification.document import LetterDocument
from seawall.response.notification.enclosures import make_enclosures
from seawall.response.notification.forms import render_text
from seawall.response.notification.language import list_languages, load_language
from seawall.response.notification.letter import LetterFacts, collect_facts, decode_facts, digest_facts
from seawall.response.notification.package import write_package
from seawall.response.notification.writing import LetterEdition, write_letter
from seawall.response.scope import ScopeQuery, search
from seawall.response.scope import subject_acts as acts_of
from seawall.response.scope_values import Scope, ScopeSubject, SubjectAct
from seawall_base.json_text import encode_json
from seawall_base.times import rfc3339
from tests.logs import scanned_recorded, world
from tests.response.cases import ANNA, DAY, HOSTILE, T, case, case_text, mailbox, scope
from tests.response.scope.story import THEIRS, days_at_home, searched, theirs

WORLDS: dict[str, Callable[[Path], Path]] = {
    "made up": world(11),
    "google": world(12, systems="google"),
    "okta": world(13, systems="okta"),
}
COUNTED = {name: (kind, operations) for name, kind, operations, _ in acts_of.COUNTED_ACTS}


def write(case_: NotificationCase, recipient: Recipient, found: Scope, tag: str = "en") -> LetterDocument:
    facts = collect_facts(case_, recipient, found)
    edition = LetterEdition(1, found.end, "ABCD-EFGH-JKLM", None, tuple(make_enclosures(facts)))
    return write_letter(facts, edition, load_language(tag))


def happened(document: LetterDocument) -> list[str]:
    """The lines of what happened."""
    blocks = next(part for part in document.sections if part.key == "happened").blocks
    return [line for block in blocks if block.kind == "bullets" for line in block.lines]


@pytest.fixture(scope="module", params=["microsoft", *WORLDS])
def searched_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Scope], list[dict[str, Any]]]:
    """The scopes of a world's first incidents, and its events."""
    folder = tmp_path_factory.mktemp("letters")
    if request.param == "microsoft":
        out = scanned_recorded(tmp_path_factory)
    else:
        out = folder / "out"
        seawall.scan(WORLDS[request.param](folder), out)
    lines = (out / "incidents.jsonl").read_text("utf-8").splitlines()[:3]
    scopes = []
    for number, incident in enumerate(map(json.loads, lines)):
        scratch = folder / f"scratch{number}"
        scratch.mkdir()
        query = ScopeQuery((("incident", incident["id"]),), incidents={incident["id"]: incident["events"]})
        scopes.append(search(out / "events.parquet", query, scratch))
    columns = ["metadata_uid", "time", "account", "mailbox", "kind", "activity_name", "status"]
    return scopes, pq.read_table(out / "events.parquet", columns=columns).to_pylist()


def list_subjects(scopes: list[Scope]) -> Iterator[tuple[Scope, ScopeSubject]]:
    for found in scopes:
        yield from ((found, one) for one in (*found.mailboxes, *found.accounts) if one.acts)


def test_each_act_lists_records_that_show_it_and_counts_them(
    searched_world: tuple[list[Scope], list[dict[str, Any]]],
) -> None:
    scopes, events = searched_world
    by_id = {row["metadata_uid"]: row for row in events}
    kinds = {name for name, _ in ACTS.values()}
    seen = set()
    for found, subject in list_subjects(scopes):
        proved = {uid for one in (*found.mailboxes, *found.accounts) for uid in one.records}
        for act in subject.acts:
            seen.add(act.act)
            rows = [by_id[uid] for uid in act.records]
            assert rows
            assert act.count >= len(rows)
            assert act.count == len(rows) or len(rows) == acts_of.MOST_RECORDS
            assert all(row["status"] in ("success", None) for row in rows)
            assert all(act.first <= to_microseconds(row) <= act.last for row in rows)
            if act.act in COUNTED:
                kind, operations = COUNTED[act.act]
                whose = "mailbox" if act.act in ("sent", "deleted") else "account"
                told = [
                    row
                    for row in events
                    if row["kind"] == kind
                    and row["status"] in ("success", None)
                    and (not operations or row["activity_name"] in operations)
                    and (row[whose] or row["account"] or "").lower() == subject.name.lower()
                    and row["metadata_uid"] in proved
                ]
                assert act.count == len(told)
            elif act.act in kinds:
                assert all(
                    row["activity_name"] and spell_operation(row["activity_name"]) in ACTS for row in rows
                )
    assert seen


def to_microseconds(row: dict[str, Any]) -> int:
    time: int = round(row["time"].timestamp() * 1_000_000)
    return time


@pytest.mark.parametrize("tag", list_languages())
def test_a_letter_tells_the_addressees_acts_and_names_nobody_else(
    searched_world: tuple[list[Scope], list[dict[str, Any]]], tag: str, tmp_path: Path
) -> None:
    scopes, _ = searched_world
    read = case(case_text(), tmp_path)
    told = 0
    for found, subject in list_subjects(scopes):
        if "@" not in subject.name:
            continue
        recipient = Recipient(id="x", kind="owner", name="X", language=tag, mailboxes=(subject.name,))
        lines = happened(write(read, recipient, found, tag))
        text = "\n".join(lines).lower()
        told += len(lines)
        assert lines
        for other in (*found.accounts, *found.mailboxes):
            local = other.name.lower().partition("@")[0]
            assert local == subject.name.lower().partition("@")[0] or local not in text.split(), local
            assert "@" not in other.name or other.name.lower() not in text
        assert "@" not in text
    assert told


def test_every_act_has_a_sentence_in_every_language() -> None:
    names = {name for name, _ in ACTS.values()} - {"mailbox_setting"} | {
        "consent_for_all",
        "credential_changed",
    }
    names |= {
        "inbox_rule",
        "on_behalf",
        "mailbox_right",
        "send_as",
        "audit_off",
        *COUNTED,
        *acts_of.ELSEWHERE.values(),
    }
    for tag in list_languages():
        language = load_language(tag)
        assert [name for name in sorted(names) if not language.has(f"act.{name}")] == []


def change(uid: str, activity: str, minute: float, **columns: Any) -> dict[str, Any]:
    """One change by the intruder with Ann's account."""
    given = {
        "kind": "admin",
        "mailbox": None,
        "item_count": None,
        "access_type": None,
        "activity_name": activity,
        **columns,
    }
    given["parameters"] = json.dumps(columns.get("parameters", {}))
    return theirs(uid, minute=minute, **given)


CHANGES = [
    change("rule", "New-InboxRule", 40, mailbox="ann@x.example", parameters={"Name": ".", "DeleteMessage": "True"}),
    change("full", "Add-MailboxPermission", 41, parameters={"Identity": "a/Bob", "User": "a/Cara", "AccessRights": "FullAccess"}),
    change("role", "Add member to role.", 42, resource_uid="cara@x.example",
           parameters={"Role.DisplayName": "Global Administrator"}),
    change("own", "Add member to role.", 43, resource_uid="ann@x.example", parameters={"Role.DisplayName": "Global Reader"}),
    change("app", "Consent to application.", 44, parameters={"Target": "rnicrosoft_office"}),
    change("unknown", "Add member to role.", 45, resource_uid="7f1b6c0a-1111-4222-8333-444455556666",
           parameters={"Role.DisplayName": "User Administrator"}),
    change("refused", "New-InboxRule", 46, mailbox="ann@x.example", status="failure", parameters={"Name": "refused"}),
]  # fmt: skip


def acts(found: Scope, kind: str, person: str) -> list[tuple[str, str, int]]:
    subjects = found.mailboxes if kind == "mailbox" else found.accounts
    subject = next(one for one in subjects if one.name == f"{person}@x.example")
    return [(act.act, act.object, act.count) for act in subject.acts]


def test_an_act_is_told_to_whom_it_concerns(tmp_path: Path) -> None:
    found = searched(tmp_path, [*days_at_home(), theirs("read"), *CHANGES])
    assert acts(found, "mailbox", "ann") == [("inbox_rule", ".", 1)]
    assert acts(found, "mailbox", "bob") == [("mailbox_access", "", 1)]
    assert acts(found, "account", "cara") == [("role", "Global Administrator", 1)]
    assert acts(found, "account", "ann") == [
        ("other_right", "", 1), ("other_role", "", 1), ("role", "Global Reader", 1), ("consent", "rnicrosoft_office", 1),
    ]  # fmt: skip
    assert acts(found, "mailbox", "cara") == []


def test_what_the_owner_did_is_not_told(tmp_path: Path) -> None:
    own = [
        {
            **row,
            **dict.fromkeys(THEIRS),
            "src_ip": "203.0.10.7",
            "src_prefix": "203.0.10.0/24",
            "src_asn": 64510,
        }
        for row in CHANGES
    ]
    found = searched(tmp_path, [*days_at_home(), theirs("read"), *own])
    assert [one.acts for one in (*found.accounts, *found.mailboxes) if one.acts] == []


ACTED = (
    SubjectAct("inbox_rule", T + DAY, T + DAY, ".", records=("r1",)),
    SubjectAct("role", T + 2 * DAY, T + 2 * DAY, "Global Reader"),
    SubjectAct("role", T + 2 * DAY, T + 2 * DAY, "User Administrator"),
    SubjectAct("sent", T + 3 * DAY, T + 4 * DAY, count=1_200),
    SubjectAct("consent", T + 5 * DAY, T + 5 * DAY, "rnicrosoft_office"),
    SubjectAct("permission_grant", T + 5 * DAY, T + 5 * DAY),
)


def facts(path: Path, *given: SubjectAct, verdict: str = "touched", who: str = "anna") -> LetterFacts:
    whole = ScopeSubject("organisation", "contoso", "contoso", "touched", ("one mailbox was read",))
    read = case(case_text(), path)
    return collect_facts(read, read.recipient(who), scope([mailbox(ANNA, verdict, acts=given)], (), [whole]))


def letter(given: LetterFacts, tag: str = "en") -> LetterDocument:
    return write_letter(
        given, LetterEdition(1, T, "ABCD-EFGH-JKLM", None, tuple(make_enclosures(given))), load_language(tag)
    )


def test_the_lines_are_plain_and_in_order(tmp_path: Path) -> None:
    assert happened(letter(facts(tmp_path, *ACTED))) == [
        "2 November 2026, 00:00: a rule for incoming mail was set up in the mailbox: “.”.",
        "3 November 2026, 00:00: the account was given administrative rights: “Global Reader”, “User Administrator”.",
        "4 November 2026, 00:00 to 5 November 2026, 00:00: mail was sent from the mailbox or in its name (1,200 times).",
        (
            "6 November 2026, 00:00: an application was allowed to act for the account: "
            "“rnicrosoft_office”, a name that looks like “Microsoft Office”."
        ),
    ]
    assert (
        "Das Konto erhielt Verwaltungsrechte: „Global Reader“"
        in happened(letter(facts(tmp_path, *ACTED), "de"))[1]
    )


def test_an_organisations_letter_says_whose_mailbox_it_was(tmp_path: Path) -> None:
    document = letter(facts(tmp_path, *ACTED, who="contoso"))
    assert happened(document)[0].startswith(f"{ANNA}, 2 November 2026")
    assert "in your organisation:" in render_text(document)


def test_all_acts_are_enclosed_with_their_records(tmp_path: Path) -> None:
    given = facts(tmp_path, *ACTED)
    table = list(csv.reader(make_enclosures(given)["acts.csv"].decode("utf-8-sig").splitlines()))
    assert len(table) == 1 + len(ACTED)
    assert table[1] == [ANNA, "inbox_rule", ".", rfc3339(T + DAY), rfc3339(T + DAY), "1", "r1"]
    assert "acts.csv" in render_text(letter(given))


def test_a_letter_without_acts_is_as_it_was(tmp_path: Path) -> None:
    given = facts(tmp_path)
    assert happened(letter(given)) == []
    assert "acts.csv" not in make_enclosures(given)
    plain = json.loads(encode_json(given))
    for subject in plain["subjects"]:
        assert subject.pop("acts") == []
    assert digest_facts(decode_facts(encode_json(plain))) == digest_facts(given)
    assert digest_facts(given) != digest_facts(facts(tmp_path, *ACTED))


def test_nobody_whose_mailbox_was_changed_is_told_to_do_nothing(tmp_path: Path) -> None:
    def advice(given: LetterFacts) -> str:
        return next(part for part in letter(given).sections if part.key == "advice").blocks[0].lines[0]

    assert "need not do anything" in advice(facts(tmp_path, verdict="not_touched"))
    assert "need not do anything" not in advice(facts(tmp_path, ACTED[0], verdict="not_touched"))


def test_a_correction_counts_new_and_withdrawn_acts(tmp_path: Path) -> None:
    before, after = facts(tmp_path, *ACTED[:2]), facts(tmp_path, *ACTED[1:3])
    found = {change.code: change.values for change in list_changes(before, after)}
    assert found == {"act-new": {"count": 1}, "act-gone": {"count": 1}}


def test_hostile_names_stay_text_and_many_lines_are_cut(tmp_path: Path) -> None:
    hostile = [SubjectAct("flow_rule", T + n, T + n, name) for n, name in enumerate(HOSTILE)]
    text = render_text(letter(facts(tmp_path, *hostile)))
    assert "\u202e" not in text
    assert "and 2 more" in text
    assert max(map(len, happened(letter(facts(tmp_path, *hostile))))) < 1_000
    many = [mailbox(f"m{n}@contoso.example", acts=(ACTED[0],)) for n in range(30)]
    whole = ScopeSubject("organisation", "contoso", "contoso", "touched", ("read",))
    read = case(case_text(), tmp_path)
    found = collect_facts(read, read.recipient("contoso"), scope(many, (), [whole]))
    document = write_letter(found, LetterEdition(1, T, "CODE"), load_language("en"))
    assert len(happened(document)) == 25
    assert "5 more lines" in render_text(document)


def test_a_package_for_others_tells_the_acts_without_names(tmp_path: Path) -> None:
    whole = ScopeSubject("organisation", "contoso", "contoso", "touched", ("read",))
    boxes = [
        mailbox(ANNA, acts=ACTED),
        mailbox("ben@contoso.example", acts=ACTED[:1]),
        mailbox("c@contoso.example"),
    ]
    names = write_package(case(case_text(), tmp_path), scope(boxes, (), [whole]), tmp_path / "out")
    assert "acts.csv" in names
    table = list(csv.reader((tmp_path / "out/acts.csv").read_text("utf-8-sig").splitlines()))
    assert [row[:2] for row in table[1:]] == [
        *([ANNA, act.act] for act in ACTED),
        ["ben@contoso.example", "inbox_rule"],
    ]
    bundle = json.loads((tmp_path / "out/bundle.json").read_text("utf-8"))
    told = next(one["description"] for one in bundle["objects"] if one["type"] == "incident")
    assert "A rule for incoming mail was set up in the mailbox (2 mailboxes or accounts)." in told
    assert "An application was allowed to act for the account (1 mailbox or account)." in told
    assert "anna" not in told

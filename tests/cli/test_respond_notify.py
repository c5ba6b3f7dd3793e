"""`seawall respond notify`: from a scope to letters that were sent once, and who was told."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.response.notification.case_file import read_case
from seawall.response.scope.document import write_scope
from seawall.storage.location import open_store
from tests.response.cases import ANNA, BEN, CARLA, RECIPIENTS, SHORT, case_text, folder, mailbox, scope
from tests.response.notification.mail_server import serving

from .conftest import Outcome, Run

NOTIFY = ("respond", "notify")


def smtp(port: int) -> str:
    return f'[smtp]\nhost = "127.0.0.1"\nsecurity = "none"\nport = {port}'


def digest(outcome: Outcome) -> str:
    found = re.search(r"--draft ([0-9a-f]{12}) ", outcome.err)
    assert found is not None, outcome.err
    return found[1]


def test_a_case_from_its_beginning_to_its_end(run: Run, tmp_path: Path) -> None:
    with serving() as server:
        file = folder(tmp_path / "case", SHORT, case_text(more=smtp(server.port)))
        drafted = run(*NOTIFY, "draft", str(file))
        assert drafted.code == 0, drafted.err
        assert "cannot" not in drafted.err
        assert (file.parent / "drafts" / "letters" / "anna" / "letter.pdf").read_bytes().startswith(b"%PDF")
        send = (*NOTIFY, "send", str(file), "--draft", digest(drafted))
        looked = run(*send)
        assert looked.code == 0
        assert "nothing was sent" in looked.err
        assert not server.envelopes
        sent = run(*send, "--approved-by", "Eva Muster", "--json")
        assert sent.code == 0, sent.err
        assert json.loads(sent.out)["counts"] == {"sent": 4}
        again = run(*send, "--approved-by", "Eva Muster")
        assert again.code == 0
        assert "4 told already" in again.err
        assert len(server.envelopes) == 4
        text = str(server.messages[1].get_payload(0))
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", text)
    assert code is not None
    confirmed = run(
        *NOTIFY, "acknowledge", str(file), "--code", code[0].lower().replace("-", " "), "--by", "Ben"
    )
    assert confirmed.out == "acknowledged: ben, version 1\n"
    told = json.loads(run(*NOTIFY, "register", str(file), "--who", "ben@contoso.example", "--json").out)
    assert told["told"] is True
    assert told["deliveries"][0]["state"] == "acknowledged"
    pdf = (file.parent / "letters" / "ben" / "v1" / "letter.pdf").read_bytes()
    assert told["versions"][0]["files"]["letter.pdf"] == hashlib.sha256(pdf).hexdigest()
    assert told["versions"][0]["approved_by"] == "Eva Muster"


def test_whether_somebody_was_told_and_why_not(run: Run, tmp_path: Path) -> None:
    file = folder(tmp_path / "case", SHORT, case_text({"anna": RECIPIENTS["anna"]}))
    register = (*NOTIFY, "register", str(file), "--who")
    carla = run(*register, CARLA)
    assert "was not told" in carla.out
    assert "proved not touched" in carla.out
    assert "mail access records cover all 20 days" in carla.out
    assert "were not examined" in run(*register, "stranger@elsewhere.example").out
    assert "nothing was sent yet" in run(*register, ANNA.upper()).out
    noted = run(
        *NOTIFY,
        "record",
        str(file),
        "--recipient",
        "anna",
        "--way",
        "telephone",
        "--by",
        "Eva",
        "--when",
        "2026-11-20T10:00:00Z",
    )
    assert noted.code == 0, noted.err
    answer = json.loads(run(*register, "Anna Beispiel", "--json").out)
    assert answer["told"] is True
    assert answer["otherwise"] == [
        {"recipient": "anna", "at": "2026-11-20T10:00:00Z", "way": "telephone", "by": "Eva", "note": ""}
    ]


def test_a_letter_on_paper_is_final_confirmed_and_corrected(run: Run, tmp_path: Path) -> None:
    values = {name: value for name, value in RECIPIENTS["ben"].items() if name != "email"}
    text = case_text({"ben": {**values, "street": "Harbour Street 1\nDublin"}})
    file = folder(tmp_path / "case", SHORT, text)
    drafted = run(*NOTIFY, "draft", str(file))
    assert "to be printed" in drafted.err
    sent = run(*NOTIFY, "send", str(file), "--draft", digest(drafted), "--approved-by", "Eva")
    assert sent.code == 0, sent.err
    place = file.parent / "letters" / "ben" / "v1"
    assert f"print {place / 'letter.pdf'}" in sent.err
    letter = (place / "letter.txt").read_text()
    assert "Ben Example\nHarbour Street 1\nDublin\n" in letter
    who = (*NOTIFY, "register", str(file), "--who", "ben", "--json")
    assert json.loads(run(*who).out)["told"] is False
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", letter)
    assert code is not None
    assert run(*NOTIFY, "acknowledge", str(file), "--code", code[0], "--by", "Ben").code == 0
    assert json.loads(run(*who).out)["told"] is True
    write_scope(file.parent / "scope.json", scope([mailbox(BEN)]))
    assert run(*NOTIFY, "draft", str(file)).code == 0
    assert (
        "Correction: Someone else had access"
        in (file.parent / "drafts" / "letters" / "ben" / "letter.txt").read_text()
    )


def test_many_letters_say_how_far_they_are(run: Run, tmp_path: Path) -> None:
    names = [f"p{number}@contoso.example" for number in range(60)]
    people = {
        f"p{number}": {"kind": "owner", "name": name, "mailboxes": [name]}
        for number, name in enumerate(names)
    }
    file = folder(tmp_path / "case", scope([mailbox(name, "possible") for name in names]), case_text(people))
    drafted = run(*NOTIFY, "draft", str(file))
    assert "50 of 60 letters" in drafted.err
    assert "60 of 60 letters" in drafted.err


def test_what_failed_is_an_exit_code(run: Run, tmp_path: Path) -> None:
    file = folder(tmp_path / "case", SHORT, case_text({"anna": RECIPIENTS["anna"]}, more=smtp(1)))
    drafted = run(*NOTIFY, "draft", str(file))
    sent = run(*NOTIFY, "send", str(file), "--draft", digest(drafted), "--approved-by", "Eva")
    assert sent.code == 1
    assert "1 failed" in sent.err
    assert run(*NOTIFY, "send", str(file), "--draft", "0" * 12, "--approved-by", "Eva").code == 2
    changed = run(*NOTIFY, "register", str(file), "--head", "1:" + "0" * 64)
    assert changed.code == 1
    assert "noted elsewhere" in changed.err
    assert run(*NOTIFY, "register", str(file), "--head", "x").code == 2


def test_a_store_keeps_the_end_of_the_register(run: Run, tmp_path: Path) -> None:
    open_store(tmp_path / "store", make=True).close()
    with serving() as server:
        file = folder(
            tmp_path / "case", SHORT, case_text({"anna": RECIPIENTS["anna"]}, more=smtp(server.port))
        )
        drafted = run(*NOTIFY, "draft", str(file))
        send = (
            *NOTIFY,
            "send",
            str(file),
            "--draft",
            digest(drafted),
            "--approved-by",
            "Eva",
            "--store",
            str(tmp_path / "store"),
        )
        assert run(*send).code == 0
    look = (*NOTIFY, "register", str(file), "--store", str(tmp_path / "store"))
    assert run(*look).code == 0
    register = file.parent / "register.jsonl"
    register.write_bytes(b"".join(register.read_bytes().splitlines(keepends=True)[:-1]))
    assert run(*NOTIFY, "register", str(file)).code == 0, "nothing in the file itself shows it"
    shortened = run(*look)
    assert shortened.code == 1
    assert "noted elsewhere" in shortened.err


def test_a_case_file_is_begun_from_a_scope(run: Run, tmp_path: Path) -> None:
    names = [ANNA, "a'\"\\b@x.example", 'x"]\n[smtp]\nhost = "evil.example"', "\u202e"]
    write_scope(
        tmp_path / "scope.json", scope([mailbox(name) for name in names], organisations=SHORT.organisations)
    )
    begun = run(*NOTIFY, "begin", "New Case!", "--scope", "scope.json")
    assert begun.code == 0, begun.err
    file = tmp_path / "New Case!" / "case.toml"
    plain = tomllib.loads(file.read_text())
    assert plain["case"]["id"] == "New-Case"
    assert "smtp" not in plain
    assert [recipient["name"] for recipient in plain["recipients"]] == ["contoso", ANNA, "a'\"\\b@x.example"]
    refused = run(*NOTIFY, "draft", str(file))
    assert refused.code == 2
    assert "case.toml:3: aware: is missing; set aware in [case]: when the" in refused.err, (
        "nobody but a person knows when"
    )
    file.write_text(file.read_text().replace("# aware = ", "aware = "))
    refused = run(*NOTIFY, "draft", str(file))
    assert refused.code == 2
    for name in ("organisation", "name", "email"):
        assert re.search(rf"case\.toml:\d+: {name}: is empty; ", refused.err)
    filled = file.read_text().replace(
        '[sender]\norganisation = ""\nname = ""', '[sender]\norganisation = "O"\nname = "N"'
    )
    file.write_text(filled.replace('email = ""\nphone', 'email = "a@b.example"\nphone'))
    assert read_case(file).case.nis2 is False
    assert "no email and no webhook: contoso, anna-contoso.example," in run(*NOTIFY, "draft", str(file)).err
    assert run(*NOTIFY, "begin", "New Case!", "--scope", "scope.json").code == 2


def test_a_case_is_begun_for_those_who_are_proved_touched_alone(run: Run, tmp_path: Path) -> None:
    number = "2155c6ce-cf3c-464b-a246-62c360682f07"
    whole = replace(SHORT.organisations[0], tenant=number, name=number)
    write_scope(tmp_path / "scope.json", replace(SHORT, organisations=(whole,)))
    assert run(*NOTIFY, "begin", "new", "--scope", "scope.json", "--touched").code == 0
    file = tmp_path / "new" / "case.toml"
    recipients = tomllib.loads(file.read_text())["recipients"]
    assert [(one["kind"], one["name"]) for one in recipients] == [("organisation", ""), ("owner", ANNA)]
    file.write_text(file.read_text().replace("# aware = ", "aware = "))
    assert ": name: is empty; " in run(*NOTIFY, "draft", str(file)).err, "nobody is called by a number"
    both = run(*NOTIFY, "begin", "other", "--scope", "scope.json", "--touched", "--everyone")
    assert both.code == 2


def test_letters_on_paper_are_listed_and_told(run: Run, tmp_path: Path) -> None:
    anna = {"kind": "owner", "name": "Anna Beispiel", "mailboxes": [ANNA]}
    file = folder(tmp_path / "case", SHORT, case_text({"anna": anna}))
    send = (*NOTIFY, "send", str(file.parent), "--draft", digest(run(*NOTIFY, "draft", str(file.parent))))
    looked = run(*send)
    assert "paper" in looked.out
    assert json.loads(run(*send, "--json").out)["printed"] == [{"recipient": "anna", "version": 1}]
    sent = run(*send, "--approved-by", "Eva Muster")
    assert (sent.code, "1 on paper" in sent.err, "to be printed" in sent.out) == (0, True, True)
    assert "to be handed over" in run(*NOTIFY, "register", str(file)).out
    told = (*NOTIFY, "record", str(file), "--recipient", ANNA, "--way", "in person", "--by", "Eva")
    assert run(*told).out == "recorded: anna was notified, in person\n"
    assert json.loads(run(*NOTIFY, "register", str(file), "--json").out)["paper"][0]["state"] == "told"
    answered = run(*NOTIFY, "register", str(file), "--who", "Anna Beispiel").out
    assert re.search(r"told by Eva, in person, .* UTC$", answered, re.MULTILINE)
    letter = (file.parent / "letters" / "anna" / "v1" / "letter.txt").read_text()
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", letter)
    assert code is not None
    assert run(*NOTIFY, "acknowledge", str(file), "--code", code[0], "--by", "Anna").code == 0
    assert (
        json.loads(run(*NOTIFY, "register", str(file), "--json").out)["paper"][0]["state"] == "acknowledged"
    )


def test_what_is_wrong_with_a_case_file_is_said_in_its_own_words(run: Run, tmp_path: Path) -> None:
    file = folder(tmp_path / "case", SHORT, case_text())
    file.write_text(file.read_text().replace("[sender]", '[sender]\nfax = "1"'))
    assert (
        ": fax: is not a setting; known here: acknowledge_url, email" in run(*NOTIFY, "draft", str(file)).err
    )
    assert (
        "neither"
        not in run(*NOTIFY, "record", str(file), "--recipient", "nobody", "--way", "x", "--by", "y").err
    )


def test_only_some_letters(run: Run, tmp_path: Path) -> None:
    file = folder(tmp_path / "case")
    drafted = run(*NOTIFY, "draft", str(file), "--recipient", "ben", "--json")
    assert [letter["recipient"] for letter in json.loads(drafted.out)["letters"]] == ["ben"]
    assert sorted(path.name for path in (file.parent / "drafts" / "letters").iterdir()) == ["ben"]


def test_deadlines_and_reports(run: Run, tmp_path: Path) -> None:
    file = folder(tmp_path / "case", SHORT, case_text(case="nis2 = true"))
    shown = run(*NOTIFY, "deadlines", str(file))
    assert "NIS2 Art. 23(4)(a)" in shown.out
    assert "2026-11-21 09:30 CET" in shown.out
    assert "not legal advice" in shown.err
    noted = run(
        *NOTIFY,
        "report",
        str(file),
        "--duty",
        "gdpr-33",
        "--by",
        "Eva",
        "--when",
        "2026-11-21T00:00:00Z",
        "--note",
        "portal",
    )
    assert noted.code == 0, noted.err
    found = {
        one["duty"]: one
        for one in json.loads(run(*NOTIFY, "deadlines", str(file), "--json").out)["deadlines"]
    }
    assert found["gdpr-33"]["state"] == "done"
    assert found["gdpr-33"]["due"] == "2026-11-23T09:30:00+01:00"
    assert found["gdpr-33"]["left_seconds"] is None
    assert isinstance(found["nis2-notification"]["left_seconds"], int)
    assert run(*NOTIFY, "report", str(file), "--duty", "nis3", "--by", "Eva").code == 2
    assert (
        run(*NOTIFY, "report", str(file), "--duty", "gdpr-33", "--by", "Eva", "--when", "yesterday").code == 2
    )


def test_a_package(run: Run, tmp_path: Path) -> None:
    file = folder(tmp_path / "case")
    made = run(*NOTIFY, "package", str(file), "--out", str(tmp_path / "out"), "--json")
    assert sorted(json.loads(made.out)["files"]) == sorted(path.name for path in (tmp_path / "out").iterdir())


def test_bounces(run: Run, tmp_path: Path) -> None:
    file = folder(tmp_path / "case")
    (tmp_path / "mail").mkdir()
    read = run(*NOTIFY, "bounces", str(file), str(tmp_path / "mail"), "--json")
    assert json.loads(read.out)["read"] == 0
    assert run(*NOTIFY, "bounces", str(file), str(tmp_path / "nowhere")).code == 3


@pytest.mark.parametrize("content", ["", "[case]\n", "x = ", "[case]\nid = 5\n"], ids=range(4))
def test_a_case_file_that_is_none(run: Run, tmp_path: Path, content: str) -> None:
    (tmp_path / "case.toml").write_text(content)
    assert run(*NOTIFY, "deadlines", "case.toml").code == 2
    assert run(*NOTIFY, "draft", "nowhere.toml").code == 2

"""Letters are sent once, to the recipients of the case alone, and what is not certain is not called certain."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from email import message_from_bytes
from email.message import Message
from email.policy import SMTP
from email.utils import getaddresses
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.response.errors import CaseInvalid, LettersChanged, RegisterBroken
from seawall.response.notification.case_file import NotificationCase, Recipient, read_case
from seawall.response.notification.drafts import DraftedLetter, LetterDraft, final_folder, write_draft
from seawall.response.notification.message import make_mail
from seawall.response.notification.register import NotificationRegister
from seawall.response.notification.sending import (
    DeliveryResult,
    DraftSender,
    load_approved_draft,
    plan_deliveries,
)
from seawall.response.notification.tracking import LetterDelivery, list_deliveries
from seawall.response.notification.transports import PASSWORD, make_transports
from seawall.response.scope_values import Scope
from tests.base.webhooks.receiver import receiving
from tests.response.cases import ANNA, BEN, RECIPIENTS, SHORT, case_text, folder, mailbox, messages, scope
from tests.response.notification.mail_server import leaves, leaving, serving

NOW = 1_795_300_000_000_000
PEOPLE = {name: RECIPIENTS[name] for name in ("anna", "ben")}


def smtp(port: int, security: str = "none", **more: str) -> str:
    host = "127.0.0.1" if security == "none" else "localhost"
    values = {"host": host, "security": security, "bounce_address": "bounces@northwind.example", **more}
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join(["[smtp]", f"port = {port}", "timeout = 10", *lines])


def prepared(
    path: Path, port: int = 1, given: Scope = SHORT, people: dict[str, Any] | None = None, more: str = ""
) -> Path:
    return folder(path, given, case_text(PEOPLE if people is None else people, more=more or smtp(port)))


def drafted(file: Path, scope_: Scope = SHORT) -> tuple[NotificationCase, LetterDraft]:
    read = read_case(file)
    made = write_draft(read, scope_, file.parent, at=NOW)
    return read, load_approved_draft(file.parent, read, made.digest[:12])


def sent(
    file: Path,
    scope_: Scope = SHORT,
    resend: Sequence[str] = (),
    step: Callable[[str], None] = lambda _: None,
) -> list[DeliveryResult]:
    read, made = drafted(file, scope_)
    clock = count(NOW)
    sender = DraftSender(read, file.parent, make_transports(read, file.parent), lambda: next(clock), step)
    return list(sender.send(made, by="Eva Muster", resend=resend))


def states(file: Path) -> dict[tuple[str, int, str], str]:
    return {(d.recipient, d.version, d.way): d.state for d in found(file)}


def found(file: Path) -> list[LetterDelivery]:
    return list_deliveries(NotificationRegister.read(file.parent).entries)


def parts(message: Message) -> dict[str, bytes]:
    return {
        part.get_filename() or part.get_content_type(): content
        for part in message.walk()
        if isinstance(content := part.get_payload(decode=True), bytes)
    }


def test_each_letter_goes_to_its_recipient_alone_and_once(tmp_path: Path) -> None:
    with serving() as server:
        file = prepared(tmp_path, server.port)
        assert [result.outcome.state for result in sent(file) if result.outcome] == ["sent", "sent"]
        again = sent(file)
        assert [result.planned.step for result in again] == ["done", "done"]
        assert not any(result.outcome for result in again)
    assert [envelope.rcpt_tos for envelope in server.envelopes] == [
        ["anna@private.example"],
        ["ben@private.example"],
    ]
    assert all(envelope.mail_from == "bounces@northwind.example" for envelope in server.envelopes)
    german, english = server.messages
    assert german["To"] == "Anna Beispiel <anna@private.example>"
    assert german["Content-Language"] == "de"
    assert "Postfach" in str(german["Subject"])
    assert english["From"] == "Northwind Mail GmbH <response@northwind.example>"
    assert states(file) == {("anna", 1, "mail"): "sent", ("ben", 1, "mail"): "sent"}
    assert [
        entry.by for entry in NotificationRegister.read(tmp_path).entries if entry.action == "intent"
    ] == ["Eva Muster"] * 2


def test_what_was_sent_is_kept_as_it_was_sent(tmp_path: Path) -> None:
    with serving() as server:
        file = prepared(tmp_path, server.port)
        sent(file)
    place = final_folder(tmp_path, "anna", 1)
    enclosed = parts(server.messages[0])
    assert enclosed["letter.pdf"] == (place / "letter.pdf").read_bytes()
    assert enclosed["messages.csv"] == (place / "messages.csv").read_bytes()
    assert enclosed["text/plain"].decode().splitlines() == (place / "letter.txt").read_text().splitlines()
    assert enclosed["text/html"].decode().splitlines() == (place / "letter.html").read_text().splitlines()
    kept = next(place.glob("mail-*.eml")).read_bytes()
    content = server.envelopes[0].content
    assert isinstance(content, bytes)
    assert content == kept
    assert not any("facts.json" in name for name in enclosed)


def test_the_message_id_stays_and_nobody_guesses_it(tmp_path: Path) -> None:
    with serving() as server:
        file = prepared(tmp_path / "one", server.port)
        sent(file)
        sent(file, resend=["anna"])
        first, _, second = server.messages
        assert first["Message-ID"] == second["Message-ID"]
        assert server.envelopes[0].content == server.envelopes[2].content
        sent(prepared(tmp_path / "two", server.port))
        assert server.messages[3]["Message-ID"] != first["Message-ID"]
    assert "anna" not in first["Message-ID"]


def test_a_word_sends_again_and_is_recorded(tmp_path: Path) -> None:
    with serving() as server:
        file = prepared(tmp_path, server.port)
        sent(file)
        assert [result.planned.step for result in sent(file, resend=["ben"])] == ["done", "again"]
        with NotificationRegister.writing(tmp_path, at=NOW) as register:
            register.append("acknowledged", at=NOW, recipient="ben", version=1)
        assert [result.planned.step for result in sent(file, resend=["ben"])] == ["done", "done"], (
            "ben has it"
        )
    intents = [entry for entry in NotificationRegister.read(tmp_path).entries if entry.action == "intent"]
    assert [entry.details["again"] for entry in intents] == ["", "", "sent"]
    assert len(server.envelopes) == 3


@pytest.mark.parametrize("code", ["450 4.2.1 try later", "550 5.1.1 no such user"])
def test_a_recipient_who_is_refused(tmp_path: Path, code: str) -> None:
    with serving() as server:
        server.refused["anna@private.example"] = code
        file = prepared(tmp_path, server.port)
        results = sent(file)
        assert states(file) == {("anna", 1, "mail"): "failed", ("ben", 1, "mail"): "sent"}
        assert code[4:] in found(file)[0].reason
        is_final = code.startswith("5")
        server.refused.clear()
        again = sent(file)
        assert [result.planned.step for result in again] == ["ask" if is_final else "send", "done"]
        if is_final:
            assert sent(file, resend=["anna"])[0].outcome is not None
    assert results[0].outcome is not None
    assert len([e for e in server.envelopes if e.rcpt_tos == ["anna@private.example"]]) == 1


def test_a_message_that_is_refused_was_not_taken(tmp_path: Path) -> None:
    with serving() as server:
        server.answers = ["451 4.3.0 greylisted", "554 5.7.1 no"]
        file = prepared(tmp_path, server.port)
        sent(file)
        assert states(file) == {("anna", 1, "mail"): "failed", ("ben", 1, "mail"): "failed"}
        assert [delivery.is_final for delivery in found(file)] == [False, True]
        assert not server.envelopes
        sent(file)
    assert states(file) == {("anna", 1, "mail"): "sent", ("ben", 1, "mail"): "failed"}


@pytest.mark.parametrize(
    ("after", "state"),
    [("greeting", "failed"), ("rcpt", "failed"), ("part", "unsure"), ("end", "unsure"), ("noise", "unsure")],
)
def test_a_server_that_goes_away(tmp_path: Path, after: str, state: str) -> None:
    people = {"anna": RECIPIENTS["anna"]}
    with leaving(leaves(after=after)) as port:
        file = prepared(tmp_path, port, people=people)
        sent(file)
    assert states(file) == {("anna", 1, "mail"): state}
    with serving() as server:
        prepared(tmp_path, server.port, people=people)
        again = sent(file)
        assert [result.planned.step for result in again] == ["send" if state == "failed" else "ask"]
        if state == "unsure":
            assert "may have arrived" in again[0].planned.reason
            assert not server.envelopes
            sent(file, resend=["anna"])
    assert len(server.envelopes) == 1


def test_a_server_that_goes_away_before_the_end_of_a_message_was_sent_has_not_taken_it(
    tmp_path: Path,
) -> None:
    """A short message lies in the system's buffers, so that its end counts as sent; a long one does not fit there."""
    long = scope([mailbox(ANNA, messages=30_000)], messages(ANNA, 30_000))
    people = {"anna": RECIPIENTS["anna"]}
    with leaving(leaves(after="part")) as port:
        file = prepared(tmp_path, port, long, people)
        results = sent(file, long)
    assert states(file) == {("anna", 1, "mail"): "failed"}
    assert results[0].outcome is not None
    assert "sending the message" in results[0].outcome.reason


def test_a_server_that_is_not_there_is_tried_once(tmp_path: Path) -> None:
    file = prepared(tmp_path, 1)
    first, second = sent(file)
    assert first.outcome is not None
    assert first.outcome.state == "failed"
    assert second.outcome is None
    assert "connecting to 127.0.0.1:1" in second.planned.reason
    made_final = [
        entry.recipient for entry in NotificationRegister.read(tmp_path).entries if entry.action == "letter"
    ]
    assert made_final == ["anna"], "what nobody tried to send is a draft still"


def test_a_server_whose_answer_drips_is_left(tmp_path: Path) -> None:
    def drip(connection: Any) -> None:
        try:
            for _ in range(600):
                connection.sendall(b"2")
                time.sleep(0.05)
        except OSError:
            return
        raise AssertionError("nobody left")

    with leaving(drip) as port:
        text = smtp(port).replace("timeout = 10", "timeout = 0.1")
        file = prepared(tmp_path, people={"anna": RECIPIENTS["anna"]}, more=text)
        began = time.monotonic()
        results = sent(file)
    assert time.monotonic() - began < 20
    assert results[0].outcome is not None
    assert results[0].outcome.state == "failed"


def test_letters_go_over_tls_with_a_name_that_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "right")
    for implicit, security in ((False, "starttls"), (True, "tls")):
        certificates = tmp_path / f"certificates-{security}"
        certificates.mkdir()
        with serving(certificates, implicit=implicit, needs_login=True) as server:
            text = smtp(server.port, security, user="notices", ca_file=str(server.authority))
            file = prepared(tmp_path / security, more=text)
            sent(file)
            assert states(file) == {("anna", 1, "mail"): "sent", ("ben", 1, "mail"): "sent"}
            assert server.logins == [("notices", "right")] * 2


def test_a_certificate_that_nobody_vouches_for_gets_neither_letter_nor_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, "right")
    (tmp_path / "certificates").mkdir()
    with serving(tmp_path / "certificates", needs_login=True) as server:
        file = prepared(tmp_path / "case", more=smtp(server.port, "starttls", user="notices"))
        results = sent(file)
        assert results[0].outcome is not None
        assert "certificate is not trusted" in results[0].outcome.reason
        assert not server.logins
    assert not server.envelopes


def test_without_tls_nothing_is_sent_and_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "right")
    with serving() as server:
        file = prepared(tmp_path, more=smtp(server.port, "starttls", user="notices"))
        results = sent(file)
        assert results[0].outcome is not None
        assert results[0].outcome.state == "failed"
    assert not server.envelopes
    assert not server.logins


def test_a_wrong_password_is_tried_once_and_shown_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "case" / "password"
    secret.parent.mkdir()
    secret.write_text("wrong-password\n")
    secret.chmod(0o600)
    (tmp_path / "certificates").mkdir()
    with serving(tmp_path / "certificates", needs_login=True) as server:
        text = smtp(
            server.port, "starttls", user="notices", password_file="password", ca_file=str(server.authority)
        )
        file = prepared(tmp_path / "case", more=text)
        first, second = sent(file)
        assert first.outcome is not None
        assert "signing in: the server answered 535" in first.outcome.reason
        assert second.outcome is None
        assert len(server.logins) == 1
    assert "wrong-password" not in (tmp_path / "case" / "register.jsonl").read_text()
    secret.chmod(0o644)
    read = read_case(file)
    with pytest.raises(CaseInvalid, match="others can read it"):
        make_transports(read, file.parent)


def test_a_clear_connection_over_a_network_is_refused(tmp_path: Path) -> None:
    file = prepared(tmp_path, more=smtp(25).replace("127.0.0.1", "mail.example"))
    with pytest.raises(CaseInvalid, match="on this machine"):
        make_transports(read_case(file), file.parent)


KILLED = """
import os, signal, sys
from itertools import count
from pathlib import Path
from seawall.response.notification.case_file import read_case
from seawall.response.notification.drafts import read_draft
from seawall.response.notification.sending import DraftSender
from seawall.response.notification.smtp import MailTransport
from seawall.response.notification.transports import make_transports
file, where = Path(sys.argv[1]), sys.argv[2]
def step(name):
    if name == where:
        os.kill(os.getpid(), signal.SIGKILL)
case = read_case(file)
way = make_transports(case, file.parent)
def stepping(recipient, name):
    mail = way(recipient, name)
    return MailTransport(mail.settings, mail.sender, mail.password, step)
clock = count(1_795_300_000_000_000)
for _ in DraftSender(case, file.parent, stepping, lambda: next(clock), step).send(read_draft(file.parent), by="Eva"):
    pass
"""


@pytest.mark.parametrize(
    ("where", "arrives"), [("intent", 0), ("body", 0), ("handed over", None), ("delivered", 1)]
)
def test_a_run_that_is_killed_sends_nothing_twice(tmp_path: Path, where: str, arrives: int | None) -> None:
    people = {"anna": RECIPIENTS["anna"]}
    with serving() as server:
        file = prepared(tmp_path, server.port, people=people)
        drafted(file)
        ended = subprocess.run([sys.executable, "-c", KILLED, str(file), where], env=os.environ, check=False)
        assert ended.returncode == -signal.SIGKILL
        assert states(file) == {("anna", 1, "mail"): "unsure"}
        before = len(server.envelopes)
        if arrives is not None:
            assert before == arrives
        for _ in range(2):
            assert [result.planned.step for result in sent(file)] == ["ask"]
        assert len(server.envelopes) <= 1
        before = len(server.envelopes)
        results = sent(file, resend=["anna"])
        assert results[0].outcome is not None
        # What was handed over before the end may be taken in late.
        assert before + 1 <= len(server.envelopes) <= (2 if arrives is None else before + 1)
        assert len({message["Message-ID"] for message in server.messages}) == 1
    assert states(file) == {("anna", 1, "mail"): "sent"}


def test_a_run_that_is_killed_before_it_announces_anything_just_goes_on(tmp_path: Path) -> None:
    people = {"anna": RECIPIENTS["anna"]}
    with serving() as server:
        file = prepared(tmp_path, server.port, people=people)
        sent(file)
        register = file.parent / "register.jsonl"
        register.write_bytes(register.read_bytes().split(b"\n")[0] + b"\n" + b'{"sequence": 2, "act')
        # A message is written after it was announced.
        for message in final_folder(tmp_path, "anna", 1).glob("mail-*"):
            message.unlink()
        server.envelopes.clear()
        assert [result.outcome.state for result in sent(file) if result.outcome] == ["sent"]
    assert len(server.envelopes) == 1


def test_only_what_was_drafted_and_approved_goes_out(tmp_path: Path) -> None:
    file = prepared(tmp_path)
    read, made = drafted(file)
    with pytest.raises(LettersChanged, match="the draft is"):
        load_approved_draft(tmp_path, read, "0" * 12)
    with pytest.raises(LettersChanged, match="the draft is"):
        load_approved_draft(tmp_path, read, made.digest[:11])
    letter = tmp_path / "drafts" / "letters" / "anna" / "letter.html"
    letter.write_text("<p>Your account is fine.</p>")
    with pytest.raises(LettersChanged, match="is not what was drafted"):
        load_approved_draft(tmp_path, read, made.digest)
    letter.unlink()
    letter.symlink_to("/etc/hostname")
    with pytest.raises(LettersChanged):
        load_approved_draft(tmp_path, read, made.digest)


def test_an_address_that_was_changed_after_the_draft_is_refused(tmp_path: Path) -> None:
    file = prepared(tmp_path)
    _, made = drafted(file)
    file.write_text(file.read_text().replace("anna@private.example", "mallory@elsewhere.example"))
    with pytest.raises(LettersChanged, match="another address"):
        load_approved_draft(tmp_path, read_case(file), made.digest)


def test_a_manifest_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    file = prepared(tmp_path)
    read, _ = drafted(file)
    manifest = tmp_path / "drafts" / "draft.json"
    manifest.write_text(manifest.read_text().replace('"letter.txt"', '"../../../../etc/hostname"'))
    with pytest.raises(LettersChanged):
        load_approved_draft(tmp_path, read, "0" * 64)


def test_nobody_is_written_to_where_the_intruder_reads(tmp_path: Path) -> None:
    people = {
        "anna": {**RECIPIENTS["anna"], "email": ANNA.upper()},
        "ben": {**RECIPIENTS["ben"], "email": BEN},
    }
    file = prepared(tmp_path, people=people)
    with pytest.raises(CaseInvalid, match="the intruder may read") as refused:
        drafted(file)
    assert len(refused.value.details) == 2
    people["anna"]["uses_affected_mailbox"] = True
    people["ben"]["email"] = "ben@private.example"
    drafted(prepared(tmp_path / "allowed", people=people))


def test_a_later_version_is_a_correction_and_the_first_stays(tmp_path: Path) -> None:
    people = {"anna": RECIPIENTS["anna"]}
    later = scope([mailbox(ANNA, messages=3)], messages(ANNA, 3))
    with serving() as server:
        file = prepared(tmp_path, server.port, people=people)
        sent(file)
        first = (final_folder(tmp_path, "anna", 1) / "letter.pdf").read_bytes()
        sent(file, later)
        sent(file, later)
        assert [delivery.version for delivery in found(file)] == [1, 2]
        first_mail, second_mail = server.messages
    assert second_mail["Message-ID"] != first_mail["Message-ID"]
    text = parts(second_mail)["text/plain"].decode()
    assert "Berichtigung" in text
    assert "war 2 und ist jetzt 3" in " ".join(text.split())
    assert (final_folder(tmp_path, "anna", 1) / "letter.pdf").read_bytes() == first
    assert server.messages[0] is not None
    assert len(server.envelopes) == 2


def test_a_version_that_never_left_is_not_corrected(tmp_path: Path) -> None:
    people = {"anna": RECIPIENTS["anna"]}
    file = prepared(tmp_path, 1, people=people)
    sent(file)
    with serving() as server:
        prepared(tmp_path, server.port, people=people)
        sent(file, scope([mailbox(ANNA, messages=3)], messages(ANNA, 3)))
    assert [(d.version, d.state) for d in found(file)] == [(1, "failed"), (2, "sent")]
    assert "Berichtigung" not in parts(server.messages[0])["text/plain"].decode()


def test_a_sent_letter_that_was_changed_on_the_disk_is_not_built_upon(tmp_path: Path) -> None:
    with serving() as server:
        file = prepared(tmp_path, server.port)
        sent(file)
    facts = final_folder(tmp_path, "anna", 1) / "facts.json"
    facts.write_bytes(facts.read_bytes().replace(b"touched", b"possible"))
    with pytest.raises(RegisterBroken, match="not what was sent"):
        drafted(file, scope([mailbox(ANNA, messages=3), mailbox(BEN)], messages(ANNA, 3)))


def test_a_bounce_and_a_new_address(tmp_path: Path) -> None:
    people = {"anna": RECIPIENTS["anna"]}
    with serving() as server:
        file = prepared(tmp_path, server.port, people=people)
        sent(file)
        with NotificationRegister.writing(tmp_path, at=NOW) as register:
            register.append("bounced", at=NOW, recipient="anna", version=1, way="mail", target="anna@private.example",
                            details={"reason": "no such user"})  # fmt: skip
        assert [result.planned.step for result in sent(file)] == ["ask"]
        prepared(
            tmp_path, server.port, people={"anna": {**RECIPIENTS["anna"], "email": "anna@elsewhere.example"}}
        )
        assert [result.planned.step for result in sent(file)] == ["send"]
    assert [envelope.rcpt_tos for envelope in server.envelopes] == [
        ["anna@private.example"],
        ["anna@elsewhere.example"],
    ]
    assert states(file) == {("anna", 1, "mail"): "sent"}


def test_an_address_that_changed_after_sending_needs_a_word(tmp_path: Path) -> None:
    people = {"anna": RECIPIENTS["anna"]}
    with serving() as server:
        file = prepared(tmp_path, server.port, people=people)
        sent(file)
        prepared(
            tmp_path, server.port, people={"anna": {**RECIPIENTS["anna"], "email": "anna@elsewhere.example"}}
        )
        assert [result.planned.step for result in sent(file)] == ["ask"]
        assert [result.planned.step for result in sent(file, resend=["anna"])] == ["again"]
    assert len(server.envelopes) == 2


def hook(url: str, **more: Any) -> dict[str, Any]:
    values = {name: value for name, value in RECIPIENTS["contoso"].items() if name != "email"}
    return {"contoso": {**values, "webhook": url, **more}}


def test_a_webhook_is_told_no_path(tmp_path: Path) -> None:
    given = dataclasses.replace(SHORT, sources=("/srv/ann/other-customer/exports", "/srv/ann/b.json"))
    with receiving(200) as receiver:
        sent(prepared(tmp_path, given=given, people=hook(receiver.url)), given)
    body = receiver.requests[0][1]
    assert json.loads(body)["data"]["facts"]["sources"] == ["exports", "b.json"]
    assert b"other-customer" not in body


def test_a_webhook_gets_the_letter_and_may_confirm_it(tmp_path: Path) -> None:
    with receiving(200) as receiver:
        receiver.answer = json.dumps({"acknowledged": True, "by": "duty officer\u202e"}).encode()
        file = prepared(tmp_path, people=hook(receiver.url))
        sent(file)
        assert [result.planned.step for result in sent(file)] == ["done"]
    (headers, body), *more = receiver.requests
    assert not more
    data = json.loads(body)["data"]
    assert data["verdict"] == "touched"
    assert data["code"] in data["text"]
    assert data["facts"]["subjects"]
    assert headers["webhook-id"].startswith("seawall-letter-")
    pdf = base64.b64decode(data["pdf"], validate=True)
    assert pdf.startswith(b"%PDF-")
    assert hashlib.sha256(pdf).hexdigest() == data["sha256"]["letter.pdf"]
    assert states(file) == {("contoso", 1, "webhook"): "acknowledged"}
    entry = next(
        entry for entry in NotificationRegister.read(tmp_path).entries if entry.action == "acknowledged"
    )
    assert entry.by == "duty officer⟨U+202E⟩"
    assert "hidden-part" not in (tmp_path / "register.jsonl").read_text()


@pytest.mark.parametrize(
    ("status", "state", "drops", "step"),
    [(200, "sent", False, "done"), (404, "failed", False, "send"), (410, "failed", False, "ask"), (502, "unsure", False, "ask"),
     (502, "unsure", True, "send")],
)  # fmt: skip
def test_what_a_webhook_answers(tmp_path: Path, status: int, state: str, drops: bool, step: str) -> None:
    with receiving(status) as receiver:
        receiver.answer = b"[" * 5_000
        file = prepared(tmp_path, people=hook(receiver.url, drops_repeats=drops))
        sent(file)
        assert states(file) == {("contoso", 1, "webhook"): state}
        assert [result.planned.step for result in sent(file)] == [step]
    assert len(set(receiver.ids())) == 1


def test_a_wish_for_nobody_is_an_error(tmp_path: Path) -> None:
    file = prepared(tmp_path)
    read, made = drafted(file)
    with pytest.raises(CaseInvalid, match="no recipient 'nobody'"):
        plan_deliveries(read, made, NotificationRegister.read(tmp_path), resend=["nobody"])


def test_the_envelope_asks_for_reports_where_the_server_offers_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seawall.response.notification.smtp import _xtext

    assert _xtext("a+b=c d@x") == "a+2Bb+3Dc+20d@x"
    people = {"anna": {**RECIPIENTS["anna"], "email": "anna+x=y@private.example"}}
    script: list[bytes] = []

    def offering(connection: Any) -> None:
        lines = connection.makefile("rb")
        connection.sendall(b"220 here\r\n")
        for answer in (b"250-here\r\n250 DSN\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
            script.append(lines.readline())
            connection.sendall(answer)
        for line in lines:
            if line == b".\r\n":
                break
        connection.sendall(b"250 ok\r\n")
        lines.readline()

    with leaving(offering) as port:
        file = prepared(tmp_path, port, people=people)
        sent(file)
    assert states(file) == {("anna", 1, "mail"): "sent"}
    assert b" RET=HDRS ENVID=seawall-" in script[1]
    assert script[2].strip().endswith(b"NOTIFY=FAILURE,DELAY ORCPT=rfc822;anna+2Bx+3Dy@private.example")


HOSTILE_FILES = [
    ("name", "Anna\r\nBcc: all@example.org"), ("name", "a\u202eb"), ("name", " "), ("name", "n" * 201),
    ("email", "anna@x.example\r\nBcc: b@y.example"), ("email", "anna@x.example, b@y.example"), ("email", "<anna@x.example>"),
    ("email", "anna"), ("email", "änna@x.example"), ("email", '"a b"@x.example'), ("id", "../anna"), ("id", "a/b"), ("id", ""),
    ("kind", "everybody"), ("webhook", "http://example.org/x"), ("webhook", "https://u:p@example.org/x"), ("mailboxes", []),
    ("strange", "key"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), HOSTILE_FILES, ids=range(len(HOSTILE_FILES)))
def test_a_recipient_that_could_steer_something_is_refused(tmp_path: Path, name: str, value: Any) -> None:
    values = {"id": "anna", **RECIPIENTS["anna"], name: value}
    id_ = values.pop("id")
    file = folder(tmp_path, SHORT, case_text({id_: values}))
    with pytest.raises(CaseInvalid):
        read_case(file)


def test_every_fault_of_a_case_file_is_named(tmp_path: Path) -> None:
    text = case_text(
        {"anna": {**RECIPIENTS["anna"], "email": "x"}, "ANNA": {**RECIPIENTS["ben"], "name": "\u202e"}}
    )
    file = folder(tmp_path, SHORT, text.replace('"Europe/Berlin"', '"Mars/Base"').replace("+01:00", ""))
    with pytest.raises(CaseInvalid) as refused:
        read_case(file)
    assert len(refused.value.details) == 5


STEERING = st.lists(
    st.sampled_from(
        ["=?utf-8?q?x=0D=0ABcc:_evil@example.org?=", "=?utf-8?b?YQ0KQmNjOiBl?=", "evil@example.org", "<", ">", ",", ";", ":", "(",
         ")", '"', "\\", "[", "]", "@", ".", "=?", "?=", "=", "'", " ", "é", "漢字", "a" * 40, "\u202e", "\r\n", "\x00"]
    ),
    max_size=25,
).map(lambda parts: "".join(parts)[:200])  # fmt: skip
"""What a header could be steered by: encoded words that hold line breaks, and what separates addresses once quotes are lost."""

ANY = st.text(st.characters(codec="utf-8"), max_size=200) | STEERING


@given(ANY, ANY)
@example("a" * 70 + " <evil@example.org>", "=?utf-8?q?a=0D=0ABcc:_evil@example.org?=")
@example("x" * 60 + ', "evil" <evil@example.org>, ' + "y" * 60, "")
@example("=?utf-8?q?evil=40example=2Eorg=3E=2C?= x", "")
def test_any_name_that_a_case_file_takes_stays_in_its_header(name: str, title: str) -> None:
    values = {"id": "anna", **RECIPIENTS["anna"], "name": name}
    read = msgspec.toml.decode(case_text({"anna": RECIPIENTS["anna"]}), type=NotificationCase)
    recipient = msgspec.convert(values, Recipient)
    letter = DraftedLetter("anna", 1, "f", "touched", "de", title, {}, {})
    made = make_mail(
        read, recipient, letter, {"letter.txt": b"text", "letter.html": b"<p>text"}, identity="0" * 32, at=NOW
    )
    parsed = message_from_bytes(made, policy=SMTP)
    assert [address.addr_spec for address in parsed["To"].addresses] == ["anna@private.example"]
    plainly = str(message_from_bytes(made)["To"])
    assert [address for _, address in getaddresses([plainly])] == ["anna@private.example"]
    assert set(parsed.keys()) == {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
                                  "Content-Language"}  # fmt: skip
    assert parsed["Bcc"] is None
    assert max(len(line) for line in made.split(b"\r\n")) <= 998
    assert b"\n" not in made.replace(b"\r\n", b"")


@pytest.mark.parametrize("lost", ["all", "the end"])
def test_a_register_that_was_cut_off_sends_nothing_again(tmp_path: Path, lost: str) -> None:
    with serving() as server:
        file = prepared(tmp_path, server.port)
        sent(file)
        assert len(server.messages) == 2
        register = tmp_path / "register.jsonl"
        lines = register.read_bytes().splitlines(keepends=True)
        register.write_bytes(b"" if lost == "all" else lines[0])
        again = sent(file)
        assert {one.planned.step for one in again} == {"ask"}
        assert all("register says nothing of it" in one.planned.reason for one in again)
        assert len(server.messages) == 2
        sent(file, resend=("anna",))
    assert [envelope.rcpt_tos for envelope in server.envelopes[2:]] == [["anna@private.example"]]


@pytest.mark.parametrize("tag", ["+notice", "+a+b", "+"])
def test_an_address_with_a_tag_leads_to_the_same_mailbox(tmp_path: Path, tag: str) -> None:
    local, _, domain = ANNA.partition("@")
    people = {"anna": {**RECIPIENTS["anna"], "email": f"{local}{tag}@{domain}".upper()}}
    file = folder(tmp_path, SHORT, case_text(people))
    with pytest.raises(CaseInvalid, match="the intruder may read"):
        write_draft(read_case(file), SHORT, tmp_path, at=NOW)


def test_a_sender_whose_answers_the_intruder_reads_is_told(tmp_path: Path) -> None:
    text = case_text({"ben": RECIPIENTS["ben"]}).replace("response@northwind.example", ANNA)
    file = folder(tmp_path, SHORT, text)
    made = write_draft(read_case(file), SHORT, tmp_path, at=NOW)
    assert any("sender.email: the intruder may read" in note for note in made.notes)

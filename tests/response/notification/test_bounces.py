"""What mail servers report later is taken down once, and only what is ours."""

from __future__ import annotations

import mailbox
import time
from email.message import Message
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.notification.bounces import ReportReading, record_reports
from seawall.response.notification.register import NotificationRegister
from seawall.response.notification.tracking import list_deliveries
from seawall_base.errors import InputUnreadable

AT = 1_795_000_000_000_000
KEY = "<seawall-0123456789abcdef0123456789abcdef@northwind.example>"


def report(
    action: str = "failed",
    *,
    key: str = KEY,
    envelope: str = "",
    headers_only: bool = False,
    reason: str = "smtp; 550 5.1.1 no such user",
    target: str = "anna@private.example",
) -> bytes:
    """A report as RFC 3464 has it."""
    back = "text/rfc822-headers" if headers_only else "message/rfc822"
    lines = [
        "From: MAILER-DAEMON@mx.example", "To: bounces@northwind.example", "Subject: Undelivered", "Message-ID: <own@mx.example>",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "MIME-Version: 1.0", "",
        "--b", "Content-Type: text/plain", "", "Sorry.", "",
        "--b", "Content-Type: message/delivery-status", "",
        "Reporting-MTA: dns; mx.example", *([f"Original-Envelope-Id: {envelope}"] if envelope else []), "",
        f"Final-Recipient: rfc822; {target}", f"Action: {action}", "Status: 5.1.1", f"Diagnostic-Code: {reason}", "",
        "--b", f"Content-Type: {back}", "", f"Message-ID: {key}", "Subject: yours", "",
        *([] if headers_only else ["text"]), "--b--", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def sent(folder: Path) -> None:
    with NotificationRegister.writing(folder, at=AT) as register:
        for recipient, key in (("anna", KEY), ("ben", "<other@northwind.example>")):
            where = {
                "recipient": recipient,
                "version": 1,
                "way": "mail",
                "target": f"{recipient}@private.example",
            }
            register.append("intent", at=AT, details={"key": key}, **where)  # type: ignore[arg-type]
            register.append("sent", at=AT, **where)  # type: ignore[arg-type]


def taken(folder: Path, place: Path) -> ReportReading:
    with NotificationRegister.writing(folder, at=AT) as register:
        return record_reports(register, place, at=AT)


def states(folder: Path) -> dict[str, str]:
    return {
        delivery.recipient: delivery.state
        for delivery in list_deliveries(NotificationRegister.read(folder).entries)
    }


@pytest.mark.parametrize(
    "content",
    [
        report(),
        report(headers_only=True),
        report(key="<x@y>", envelope=KEY.strip("<>")),
        report(key="<x@y>", envelope=KEY),
    ],
    ids=["message", "headers", "envelope", "envelope-in-brackets"],
)
def test_a_bounce_is_taken_down_once(tmp_path: Path, content: bytes) -> None:
    sent(tmp_path)
    place = tmp_path / "mail"
    place.mkdir()
    (place / "one.eml").write_bytes(content)
    (place / "copy.eml").write_bytes(content)
    reading = taken(tmp_path, place)
    assert (reading.read, len(reading.taken), reading.known) == (2, 1, 1)
    assert states(tmp_path) == {"anna": "bounced", "ben": "sent"}
    assert taken(tmp_path, place).known == 2
    entries = [entry for entry in NotificationRegister.read(tmp_path).entries if entry.action == "bounced"]
    assert [entry.details["reason"] for entry in entries] == ["smtp; 550 5.1.1 no such user"]


def test_maildir_and_mbox_are_read(tmp_path: Path) -> None:
    sent(tmp_path)
    maildir = mailbox.Maildir(tmp_path / "maildir")
    maildir.add(report())
    assert len(taken(tmp_path, tmp_path / "maildir").taken) == 1
    box = mailbox.mbox(tmp_path / "box")
    box.add(report(reason="another"))
    box.add(Message())
    box.close()
    reading = taken(tmp_path, tmp_path / "box")
    assert (reading.read, len(reading.taken), reading.strange) == (2, 1, 1)


def test_a_delay_is_noted_and_is_no_bounce(tmp_path: Path) -> None:
    sent(tmp_path)
    (tmp_path / "one.eml").write_bytes(report("delayed"))
    taken(tmp_path, tmp_path)
    assert states(tmp_path)["anna"] == "sent"
    assert NotificationRegister.read(tmp_path).entries[-1].action == "noted"


def test_of_two_attempts_the_report_marks_the_letter_and_what_is_acknowledged_stays(tmp_path: Path) -> None:
    sent(tmp_path)
    with NotificationRegister.writing(tmp_path, at=AT) as register:
        register.append("acknowledged", at=AT, recipient="anna", version=1)
    (tmp_path / "one.eml").write_bytes(report())
    taken(tmp_path, tmp_path)
    assert states(tmp_path)["anna"] == "acknowledged"


def test_a_late_report_about_an_address_that_was_corrected_is_no_bounce_of_the_new_one(
    tmp_path: Path,
) -> None:
    sent(tmp_path)
    with NotificationRegister.writing(tmp_path, at=AT) as register:
        where = {"recipient": "anna", "version": 1, "way": "mail", "target": "anna@elsewhere.example"}
        register.append(
            "bounced", at=AT, recipient="anna", version=1, way="mail", target="anna@private.example"
        )
        register.append("intent", at=AT, details={"key": KEY}, **where)  # type: ignore[arg-type]
        register.append("sent", at=AT, **where)  # type: ignore[arg-type]
    (tmp_path / "one.eml").write_bytes(report(target="Anna@private.example"))
    taken(tmp_path, tmp_path)
    assert states(tmp_path)["anna"] == "sent"
    (tmp_path / "two.eml").write_bytes(report(target="anna@elsewhere.example"))
    taken(tmp_path, tmp_path)
    assert states(tmp_path)["anna"] == "bounced"


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    sent(tmp_path)
    place = tmp_path / "mail"
    place.mkdir()
    own_id = report(key="<x@y>").replace(b"<own@mx.example>", KEY.encode())
    plain = b"Subject: x\r\nMessage-ID: " + KEY.encode() + b"\r\n\r\n" + report()
    for number, content in enumerate(
        (
            report(key="<unknown@x>"),
            own_id,
            plain,
            b"",
            b"\x00\xff" * 50,
            b"Content-Type: multipart/report\n\n",
        )
    ):
        (place / f"{number}.eml").write_bytes(content)
    (place / "link.eml").symlink_to(tmp_path / "register.jsonl")
    reading = taken(tmp_path, place)
    assert not reading.taken
    assert reading.strange == reading.read == 6
    assert states(tmp_path) == {"anna": "sent", "ben": "sent"}


def test_what_a_report_says_is_made_visible(tmp_path: Path) -> None:
    sent(tmp_path)
    (tmp_path / "one.eml").write_bytes(
        report(reason="smtp; \x1b[31m550 \u202e".encode().decode() + "x" * 10_000)
    )
    reading = taken(tmp_path, tmp_path)
    reason = reading.taken[0][1].reason
    assert "\x1b" not in reason
    assert "\u202e" not in reason
    assert len(reason) < 600


@given(st.binary(max_size=300))
def test_anything_may_lie_among_the_reports(content: bytes) -> None:
    starts = (b"", report()[:400], b"Content-Type: multipart/report; boundary=b\n\n--b\n")
    with TemporaryDirectory() as name:
        place = Path(name)
        sent(place)
        for number, start in enumerate(starts):
            (place / f"{number}.eml").write_bytes(start + content)
        reading = taken(place, place)
        assert reading.read == len(starts)
        assert reading.strange + reading.unreadable == len(starts)


def test_a_place_that_is_none(tmp_path: Path) -> None:
    sent(tmp_path)
    with pytest.raises(InputUnreadable):
        taken(tmp_path, tmp_path / "nowhere")


def test_a_message_of_endless_parameters_takes_no_time(tmp_path: Path) -> None:
    long = b";a=b" * 400_000
    for name, content in (
        ("outer", b"Content-Type: multipart/report" + long + b"\r\n\r\n"),
        ("inner", b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed" + long + b"\r\n\r\n"),
        ("folded", b"Content-Type: multipart/report" + long.replace(b";", b";\r\n ") + b"\r\n\r\n"),
        ("ours", report()),
    ):  # fmt: skip
        (tmp_path / f"{name}.eml").write_bytes(content)
    sent(tmp_path)
    begun = time.process_time()
    found = taken(tmp_path, tmp_path)
    assert time.process_time() - begun < 5
    assert (found.strange, len(found.taken)) == (3, 1)


def test_a_message_that_is_nested_without_end_is_left_alone(tmp_path: Path) -> None:
    head = b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
    (tmp_path / "a.eml").write_bytes(head + b"Content-Type: message/rfc822\r\n\r\n" * 20_000)
    (tmp_path / "b.eml").write_bytes(report())
    sent(tmp_path)
    found = taken(tmp_path, tmp_path)
    assert (found.unreadable + found.strange, len(found.taken)) == (1, 1)

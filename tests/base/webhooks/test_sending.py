"""What is sent to a webhook, and what is not taken for delivered."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import threading
import time

import pytest

from seawall.pipeline.live.settings import LiveSettings, from_plain
from seawall_base.errors import UsageError
from seawall_base.webhook import Webhook
from seawall_base.webhooks import LONGEST_ANSWER, DeliveryFailed, send, signature, target_of
from tests.base.webhooks.receiver import receiving


def test_what_is_sent_is_signed_and_has_an_id() -> None:
    secret = secrets.token_hex(32)
    with receiving(200) as receiver:
        send(Webhook(receiver.url, secret), "message-1", b'{"type":"x"}', seconds=1_700_000_000)
    (headers, body), *more = receiver.requests
    assert not more
    assert body == b'{"type":"x"}'
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == headers["idempotency-key"] == "message-1"
    signed = f"message-1.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert secret not in str(headers)


def test_a_secret_of_the_specification_is_base64() -> None:
    key = secrets.token_bytes(24)
    written = "whsec_" + base64.b64encode(key).decode()
    digest = hmac.new(key, b"id.5.body", hashlib.sha256).digest()
    assert signature(written, "id", 5, b"body") == "v1," + base64.b64encode(digest).decode()


def test_without_a_secret_nothing_is_signed() -> None:
    with receiving(200) as receiver:
        send(Webhook(receiver.url), "m", b"{}", seconds=1)
    assert "webhook-signature" not in receiver.requests[0][0]


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 429, 500, 503])
def test_any_other_status_is_no_delivery(status: int) -> None:
    with (
        receiving(status, Location="http://127.0.0.1:1/elsewhere") as receiver,
        pytest.raises(DeliveryFailed, match=str(status)) as refused,
    ):
        send(Webhook(receiver.url), "m", b"{}", seconds=1)
    assert not refused.value.is_final
    assert len(receiver.requests) == 1


def test_a_receiver_that_is_gone_for_good_is_asked_no_more() -> None:
    with receiving(410) as receiver, pytest.raises(DeliveryFailed) as refused:
        send(Webhook(receiver.url), "m", b"{}", seconds=1)
    assert refused.value.is_final


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DeliveryFailed, match="connection"):
        send(Webhook(f"http://127.0.0.1:{port}/"), "m", b"{}", seconds=1)


def test_an_answer_that_drips_has_a_time_limit() -> None:
    dripped_to_the_end = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    for _ in range(600):
                        connection.sendall(b"H")
                        time.sleep(0.05)
                except OSError:
                    return
            dripped_to_the_end.set()

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with pytest.raises(DeliveryFailed):
            send(Webhook(f"http://127.0.0.1:{server.getsockname()[1]}/"), "m", b"{}", seconds=1, timeout=0.4)
        thread.join()
    assert not dripped_to_the_end.is_set(), "the sender went away before, which ends the drops"


def test_https_is_verified() -> None:
    with receiving(200) as receiver, pytest.raises(DeliveryFailed):
        send(Webhook(receiver.url.replace("http:", "https:")), "m", b"{}", seconds=1)
    assert not receiver.requests


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com/",
        "https://user:password@example.com/",
        "https://example.com/#part",
        "file:///etc/passwd",
        "https://exa mple.com/",
        "",
    ],
)
def test_what_can_be_no_webhook(url: str) -> None:
    with pytest.raises(UsageError):
        Webhook(url)


def test_the_place_of_metadata_is_not_asked() -> None:
    with pytest.raises(DeliveryFailed, match="never asked"):
        send(Webhook("https://169.254.169.254/latest"), "m", b"{}", seconds=1)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(UsageError):
        Webhook("https://example.com/", "short")


def test_lists_show_neither_the_secret_nor_the_path() -> None:
    secret = secrets.token_hex(32)
    webhook = Webhook("https://hooks.example.com/services/T0/B0/hidden", secret)
    assert "hidden" not in target_of(webhook)
    assert target_of(webhook).startswith("hooks.example.com (")
    assert secret not in repr(webhook)


def test_settings_come_back_from_plain_data(tmp_path: object) -> None:
    from pathlib import Path

    settings = LiveSettings(
        Path("/store"), folders=(Path("/logs"),), budget=3.0, webhooks=(Webhook("https://example.com/x"),)
    )
    assert from_plain(settings.plain()) == settings


@pytest.mark.parametrize("values", [{"retention_days": 0}, {"budget": -1.0}])
def test_settings_that_make_no_sense(values: dict[str, float]) -> None:
    from pathlib import Path

    with pytest.raises(UsageError):
        LiveSettings(Path("/store"), **values)  # type: ignore[arg-type]


def test_the_answer_is_given_back_when_it_is_asked_for_and_never_more_than_a_little() -> None:
    with receiving(200) as receiver:
        receiver.answer = b"a" * 100_000
        assert send(Webhook(receiver.url), "m", b"{}", seconds=1) == b""
        answer = send(Webhook(receiver.url), "m", b"{}", seconds=1, wants_answer=True)
    assert answer == b"a" * LONGEST_ANSWER


def test_an_answer_that_breaks_off_is_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def promise_more() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf")

        thread = threading.Thread(target=promise_more, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        send(Webhook(url), "m", b"{}", seconds=1, wants_answer=True)
        thread.join()


@pytest.mark.parametrize(
    ("status", "may_have_arrived"), [(404, False), (302, False), (500, True), (504, True)]
)
def test_whether_it_may_have_arrived_is_known_of_an_answer(status: int, *, may_have_arrived: bool) -> None:
    with receiving(status) as receiver, pytest.raises(DeliveryFailed) as refused:
        send(Webhook(receiver.url), "m", b"{}", seconds=1)
    assert refused.value.may_have_arrived is may_have_arrived


def test_what_never_began_has_not_arrived_and_what_broke_off_may_have() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DeliveryFailed) as refused:
        send(Webhook(f"http://127.0.0.1:{port}/"), "m", b"{}", seconds=1)
    assert not refused.value.may_have_arrived
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take_and_leave() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)

        thread = threading.Thread(target=take_and_leave, daemon=True)
        thread.start()
        with pytest.raises(DeliveryFailed) as refused:
            send(Webhook(f"http://127.0.0.1:{server.getsockname()[1]}/"), "m", b"{}", seconds=1)
        thread.join()
    assert refused.value.may_have_arrived

"""`seawall token revoke` on a store and against a gate, with everything that can be typed wrongly."""

from __future__ import annotations

import http.server
import json
import os
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall_tokens.revocation.snapshot import Revocations
from seawall_tokens.revocation.store import RevocationStore
from tests.tokens import minting
from tests.tokens.test_revocations import outcome

from .conftest import Run

STORE = ("token", "revoke", "--store", "r.db")
WHY = ("--reason", "a test")
ISSUER = "https://issuer.example"


@pytest.fixture
def made(run: Run) -> Run:
    """A store `r.db` in the folder where verbs run."""
    assert run(*STORE, "--create-store").out == "r.db\n"
    return run


def state() -> Revocations:
    with RevocationStore.open(Path("r.db")) as store:
        return Revocations(store.load(now=time.time())[0])


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--kid", "k1"], "revoked-key", "keys called k1 of every issuer, permanently"),
        (["--kid", "k1", "--issuer", ISSUER], "revoked-key", f"keys called k1 of {ISSUER}, permanently"),
        (["--thumbprint", "t1"], "revoked-thumbprint", "the key t1 of every issuer, permanently"),
        (["--issuer", ISSUER], "revoked-issuer", f"everything of {ISSUER}, permanently"),
        (["--issuer", ISSUER, "--subject", "alice"], "revoked-subject", f"the account alice of {ISSUER}, permanently"),
        (["--issuer", "*", "--subject", "alice"], "revoked-subject", "the account alice of every issuer, permanently"),
        (["--session", "s1"], "revoked-session", "the session s1 of every issuer, permanently"),
        (["--client", "c1"], "revoked-client", "the client c1 of every issuer, permanently"),
        (["--issuer", ISSUER, "--not-before", "now"], "revoked-not-before", "all tokens issued before "),
        (["--issuer", ISSUER, "--not-before", "2026-01-01T00:00:00Z"], "revoked-not-before",
         f"all tokens issued before 2026-01-01T00:00:00.000Z of {ISSUER}, permanently"),
        (["--issuer", ISSUER, "--subject", "alice", "--not-before", "1001"], "revoked-not-before",
         f"all tokens issued before 1970-01-01T00:16:41.000Z to alice of {ISSUER}, permanently"),
    ],
)  # fmt: skip
def test_what_is_revoked_is_refused(made: Run, options: list[str], code: str, words: str) -> None:
    got = made(*STORE, *options, *WHY)
    assert (got.code, got.err) == (0, "")
    assert got.out.startswith(f"revoked 1: {words}")
    assert outcome(state()) == code


def test_a_token_id_ends_by_itself_and_a_duration_when_it_says(made: Run) -> None:
    one = json.loads(made(*STORE, "--token-id", "j1", *WHY, "--json").out)["revoked"]
    two = json.loads(made(*STORE, "--kid", "k1", "--for", "24h", "--who", "ops", *WHY, "--json").out)[
        "revoked"
    ]
    assert one["kind"] == "token-id"
    assert (two["kind"], two["value"], two["who"], two["reason"]) == ("kid", "k1", "ops", "a test")
    with RevocationStore.open(Path("r.db")) as store:
        lives = [one.revocation for one in store.entries(now=0)]
    assert [round((entry.expires or 0) - entry.at) for entry in lives] == [367 * 86400, 86400]


def test_a_token_at_hand_is_revoked_by_what_it_says(made: Run) -> None:
    both: list[dict[str, Any]] = [{"jti": "j1"}, {"jti": ..., "uti": "u1"}]
    for number, said in enumerate(both):
        text = minting.token(minting.claims(**said))
        Path("leaked.jwt").write_text(f"{text}\n")
        got = made(*STORE, "--token", "leaked.jwt", *WHY)
        assert got.out.startswith(
            f"revoked {number + 1}: the token {'j1' if not number else 'u1'} of {minting.ISSUER}"
        )
        assert text.split(".")[2] not in got.out + got.err
    assert outcome(state(), issuer=minting.ISSUER, token_id="u1") == "revoked-token"
    for content in (
        "",
        "nonsense.of-a-kind",
        minting.token(minting.claims(jti=...)),
        minting.token(minting.claims(iss=5)),
    ):
        Path("leaked.jwt").write_text(content)
        got = made(*STORE, "--token", "leaked.jwt", *WHY)
        assert (got.code, got.out) == (2, "")
        assert not content or content not in got.err
    assert made(*STORE, "--token", "nothing", *WHY).code == 3
    assert made(*STORE, "--token", "leaked.jwt", "--issuer", ISSUER, *WHY).code == 2


def test_listing_and_lifting(made: Run) -> None:
    assert made(*STORE, "--list").err == "nothing is revoked\n"
    made(*STORE, "--kid", "k1", *WHY)
    made(*STORE, "--kid", "evil\x1b[2J", *WHY)
    listed = made(*STORE, "--list")
    assert "keys called k1 of every issuer" in listed.out
    assert "\x1b" not in listed.out
    assert (
        made(*STORE, "--lift", "1", "--reason", "wrong key").out
        == "lifted 1: keys called k1 of every issuer, permanently\n"
    )
    assert [one["id"] for one in json.loads(made(*STORE, "--list", "--json").out)["revocations"]] == [2]
    everything = json.loads(made(*STORE, "--list", "--all", "--json").out)["revocations"]
    assert everything[0]["lifted"]["reason"] == "wrong key"
    assert "(lifted" in made(*STORE, "--list", "--all").out
    again = made(*STORE, "--lift", "1", *WHY)
    assert (again.code, again.out) == (2, "")
    assert outcome(state()) == ""


WRONG = [
    (("token", "revoke", "--kid", "k1", *WHY), "exactly one of --store and --gate"),
    ((*STORE, "--gate", "https://gate.example", "--kid", "k1", *WHY), "exactly one of --store and --gate"),
    (("token", "revoke", "--gate", "https://gate.example", "--create-store"), "exactly one of --store and --gate"),
    (STORE, "give one action at a time"),
    ((*STORE, "--kid", "k1", "--list"), "give one action at a time"),
    ((*STORE, "--kid", "k1", "--all", *WHY), "--all needs --list"),
    ((*STORE, "--list", "--for", "24h"), "--all needs --list"),
    ((*STORE, "--list", "--lift", "1", *WHY), "give one action at a time"),
    ((*STORE, "--kid", "k1", "--client", "c1", *WHY), "more than one thing to revoke was given"),
    ((*STORE, "--kid", "k1"), "reason"),
    ((*STORE, "--kid", "k1", "--reason", " "), "reason"),
    ((*STORE, "--lift", "1"), "reason"),
    ((*STORE, "--subject", "alice", *WHY), "needs --issuer"),
    ((*STORE, "--not-before", "now", *WHY), "needs --issuer"),
    ((*STORE, "--issuer", "*", *WHY), "exact name"),
    ((*STORE, "--issuer", ISSUER, "--not-before", "yesterday", *WHY), "must be a time"),
    ((*STORE, "--issuer", ISSUER, "--not-before", "2026-01-01T00:00:00", *WHY), "must be a time"),
    ((*STORE, "--kid", "k1", "--not-before", "now", *WHY), "--not-before goes with"),
    ((*STORE, "--kid", "k1", "--for", "24", *WHY), "no duration"),
    ((*STORE, "--kid", "k1", "--for", "0h", *WHY), "no duration"),
    ((*STORE, "--thumbprint", "t1", "--issuer", ISSUER, *WHY), "every issuer"),
    ((*STORE, "--kid", "", *WHY), "needs a value"),
    ((*STORE, "--kid", "x" * 1025, *WHY), "at most 1024"),
    (("token", "revoke", "--gate", "https://gate.example", "--kid", "k1", *WHY), "administrator's token"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_what_makes_no_sense_is_usage(made: Run, arguments: tuple[str, ...], words: str) -> None:
    got = made(*arguments)
    assert (got.code, got.out) == (2, "")
    assert words in got.err
    assert outcome(state()) == ""


def test_a_missing_or_open_store_fails(run: Run) -> None:
    got = run(*STORE, "--kid", "k1", *WHY)
    assert (got.code, got.out) == (1, "")
    assert not Path("r.db").exists()
    created = run(*STORE, "--kid", "k1", "--create-store", *WHY)
    assert created.err == "created a new store: r.db\n"
    assert run(*STORE, "--kid", "k2", "--create-store", *WHY).err == ""
    Path("r.db").chmod(0o644)
    assert run(*STORE, "--list").code == 1


class _Gate(http.server.BaseHTTPRequestHandler):
    """Answers as a gate does, and keeps what it was asked."""

    asked: list[tuple[str, str, str, bytes]]
    answers: list[tuple[int, bytes]]

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        self.asked.append((self.command, self.path, self.headers.get("authorization", ""), body))
        status, text = self.answers.pop(0)
        self.send_response(status)
        if status == 302:
            self.send_header("location", "/elsewhere")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names that http.server asks for

    def log_message(self, *_: Any) -> None:
        pass


class _Unix(socketserver.UnixStreamServer):
    def get_request(self) -> tuple[Any, Any]:
        return self.socket.accept()[0], ("unix", 0)


ENTRY = {"id": 7, "kind": "kid", "issuer": "*", "value": "k1", "not_before": None, "reason": "r", "who": "w",
         "at": "2026-11-26T09:00:00.000Z", "expires": None, "lifted": None}  # fmt: skip
TOKEN = "administrators-token-of-the-test-0123456789"


@pytest.fixture(params=["http", "unix"])
def gate(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[tuple[str, Any]]:
    handler = type("Handler", (_Gate,), {"asked": [], "answers": []})
    server: socketserver.BaseServer
    if request.param == "http":
        server = http.server.HTTPServer(("127.0.0.1", 0), handler)
        place = f"http://127.0.0.1:{server.server_address[1]}"
    else:
        server = _Unix(str(tmp_path / "s"), handler)
        place = f"unix:{tmp_path / 's'}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setenv("SEAWALL_GATE_ADMIN_TOKEN", TOKEN)
    yield place, handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_gate_is_asked(run: Run, gate: tuple[str, Any]) -> None:
    place, handler = gate
    at = ("token", "revoke", "--gate", place)
    more = {"revocations": [ENTRY], "more": True}
    rest = {"revocations": [{**ENTRY, "id": 9}], "more": False}
    handler.answers[:] = [(201, json.dumps(ENTRY).encode()), (200, json.dumps(ENTRY).encode()),
                          (200, json.dumps(more).encode()), (200, json.dumps(rest).encode())]  # fmt: skip
    assert (
        run(*at, "--kid", "k1", "--for", "1h", *WHY).out
        == "revoked 7: keys called k1 of every issuer, permanently\n"
    )
    assert run(*at, "--lift", "7", "--reason", "a b", "--who", "ö").out.startswith("lifted 7: ")
    assert [one["id"] for one in json.loads(run(*at, "--list", "--json").out)["revocations"]] == [7, 9]
    posted = json.loads(handler.asked[0][3])
    assert (posted["kind"], posted["value"], posted["issuer"], posted["reason"]) == (
        "kid",
        "k1",
        "*",
        "a test",
    )
    assert [(method, path) for method, path, *_ in handler.asked] == [
        ("POST", "/admin/revocations"),
        ("DELETE", "/admin/revocations/7?reason=a%20b&who=%C3%B6"),
        ("GET", "/admin/revocations?all=false&after=0"),
        ("GET", "/admin/revocations?all=false&after=7"),
    ]
    assert {authorization for *_, authorization, _ in handler.asked} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("status", "text", "code", "words"),
    [
        (401, b'{"code":"not-administrator"}', 1, "denied the request"),
        (404, b'{"code":"not-found"}', 1, "denied the request"),
        (429, b'{"code":"too-many-failures"}', 1, "denied the request"),
        (400, b'{"code":"revocation-invalid","words":"no revocation 7 stands"}', 2, "no revocation 7 stands"),
        (503, b'{"code":"store-broken"}', 1, "cannot use its store"),
        (500, b"{}", 1, "is not a gate"),
        (200, b"<html>", 1, "is not a gate"),
        (200, b'{"revocations": 5}', 1, "is not a gate"),
        (302, b"{}", 1, "is not a gate"),
    ],
)
def test_what_a_gate_answers_is_said(
    run: Run, gate: tuple[str, Any], status: int, text: bytes, code: int, words: str
) -> None:
    place, handler = gate
    handler.answers[:] = [(status, text)]
    got = run("token", "revoke", "--gate", place, "--list")
    assert (got.code, got.out) == (code, "")
    assert words in got.err
    assert TOKEN not in got.err
    assert len(handler.asked) == 1


@pytest.mark.parametrize(
    "place",
    ["http://gate.example", "https://user@gate.example", "gate.example", "ftp://127.0.0.1", "unix:/no/such"],
)
def test_a_gate_that_cannot_be_asked(run: Run, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("SEAWALL_GATE_ADMIN_TOKEN", TOKEN)
    got = run("token", "revoke", "--gate", place, "--list")
    assert (got.code, got.out) == (1, "")
    assert TOKEN not in got.err


def test_the_token_comes_from_a_file_that_nobody_else_reads(
    run: Run, gate: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, handler = gate
    monkeypatch.delenv("SEAWALL_GATE_ADMIN_TOKEN")
    file = Path("token")
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    handler.answers[:] = [(200, b'{"revocations": [], "more": false}')]
    at = ("token", "revoke", "--gate", place, "--list", "--admin-token-file")
    assert run(*at, "token").code == 0
    assert handler.asked[0][2] == f"Bearer {TOKEN}"
    file.chmod(0o640)
    assert run(*at, "token").code == 3
    assert run(*at, "nothing").code == 3
    os.truncate(file, 0)
    file.chmod(0o600)
    assert run(*at, "token").code == 2

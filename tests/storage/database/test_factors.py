"""What lets people and collectors in: each secret once, kept as a digest where a digest is enough."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from seawall.storage.database import Database
from seawall_base.errors import UsageError

CODE = b"a code of ten bytes or more"
TOKEN = bytes(range(32))


@pytest.fixture
def user(database: Database) -> int:
    with database.writing() as work:
        work.users.add("Admin", "admin", at=1)
        return work.users.add("Ann", "analyst", at=1).id


def add(work: Any, user: int, credential_id: bytes, **changes: Any) -> Any:
    values = {"public_key": b"key", "sign_count": 0, "at": 5, **changes}
    return work.passkeys.add(user, credential_id=credential_id, **values)


def test_passkeys(database: Database, user: int) -> None:
    with database.writing() as work:
        first = add(work, user, b"\x00one", transports=["usb", "nfc"], label="blue" * 100, sign_count=3)
        assert (first.transports, len(first.label), first.public_key) == (("usb", "nfc"), 100, b"key")
        assert work.passkeys.find(b"\x00one") == first
        assert work.passkeys.find(b"other") is None
        for user_of, credential_id in ((user, b"\x00one"), (999, b"x"), (user, b""), (user, bytes(1024))):
            with pytest.raises(UsageError):
                add(work, user_of, credential_id)
        assert not work.passkeys.used(first.id, sign_count=3, at=9)  # a copy would count like that
        assert not work.passkeys.used(first.id, sign_count=0, at=9)
        assert work.passkeys.used(first.id, sign_count=4, at=9)
        second = add(work, user, b"two")
        assert work.passkeys.used(second.id, sign_count=0, at=9)  # one that does not count
        assert [key.used_at for key in work.passkeys.of_user(user)] == [9, 9]
        assert not work.passkeys.remove(user + 1, first.id)
        assert work.passkeys.remove(user, first.id)
        assert [key.id for key in work.passkeys.of_user(user)] == [second.id]
        work.users.disable(user, at=10)
        assert work.passkeys.find(b"two") is None


def test_a_user_has_so_many_passkeys(database: Database, user: int) -> None:
    with database.writing() as work:
        for number in range(20):
            add(work, user, bytes([number]))
        with pytest.raises(UsageError, match="at most 20"):
            add(work, user, b"more")


def test_a_code_of_a_device_counts_once(database: Database, user: int) -> None:
    with database.writing() as work:
        assert work.totp.get(user) is None
        assert not work.totp.use(user, 5, at=1)
        work.totp.begin(user, b"seed one", at=2)
        work.totp.begin(user, b"seed two", at=3)
        waiting = work.totp.get(user)
        assert waiting is not None
        assert (waiting.secret, waiting.confirmed_at) == (b"seed two", None)
        assert "seed" not in repr(waiting)
        assert work.totp.use(user, 5, at=4)
        assert not work.totp.use(user, 5, at=5)
        assert not work.totp.use(user, 4, at=5)
        assert work.totp.use(user, 6, at=6)
        confirmed = work.totp.get(user)
        assert confirmed is not None
        assert (confirmed.confirmed_at, confirmed.last_step) == (4, 6)
        with pytest.raises(UsageError, match="already"):
            work.totp.begin(user, b"seed", at=7)
        assert work.totp.remove(user)
        assert not work.totp.remove(user)


def test_a_step_is_used_by_one_of_two(database: Database, user: int) -> None:
    with database.writing() as work:
        work.totp.begin(user, b"seed", at=2)

    def use(step: int) -> bool:
        with database.writing() as work:
            return work.totp.use(user, step, at=9)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, [7] * 8)) == 1


def test_identities(database: Database, user: int) -> None:
    with database.writing() as work:
        work.oidc_identities.link("https://a.example", "s", user, at=5)
        work.oidc_identities.link("https://a.example", "s", user, at=6)
        assert work.oidc_identities.find("https://a.example", "s") == user
        assert work.oidc_identities.find("https://a.examples", "") is None  # the parts are not just joined
        with pytest.raises(UsageError, match="another"):
            work.oidc_identities.link("https://a.example", "s", user - 1, at=7)
        assert [one.created_at for one in work.oidc_identities.of_user(user)] == [5]
        work.users.disable(user, at=10)
        assert work.oidc_identities.find("https://a.example", "s") is None
        assert work.oidc_identities.unlink("https://a.example", "s")
        assert not work.oidc_identities.unlink("https://a.example", "s")


def test_a_one_time_code_opens_one_thing_once(database: Database, user: int) -> None:
    with database.writing() as work:
        work.invites.add(CODE, "invite", at=1, expires_at=100, by="Admin", user=user)
        assert work.invites.find(CODE, "setup", at=2) is None
        assert work.invites.find(CODE, "invite", at=100) is None
        assert work.invites.redeem(b"another code", "invite", at=2) is None
        assert len(work.invites.of_user(user, "invite", at=2)) == 1
        opened = work.invites.redeem(CODE, "invite", at=3)
        assert opened is not None
        assert (opened.user, opened.used_at) == (user, 3)
        assert work.invites.redeem(CODE, "invite", at=3) is None
        assert work.invites.of_user(user, "invite", at=2) == []
        for code, expires_at in ((b"short", 100), (b"another code", 1)):
            with pytest.raises(UsageError):
                work.invites.add(code, "invite", at=1, expires_at=expires_at)
        dumped = work.session.execute(text("SELECT * FROM invites")).all()
        assert CODE.decode() not in repr(dumped)


def test_codes_are_revoked_pruned_and_closed_with_their_user(database: Database, user: int) -> None:
    with database.writing() as work:
        work.invites.add(CODE, "invite", at=1, expires_at=None, user=user)
        work.invites.add(CODE + b"!", "setup", at=1, expires_at=50)
        assert work.invites.revoke("setup", user=user) == 0
        assert work.invites.prune(51) == 1
        work.users.disable(user, at=9)
        assert work.invites.redeem(CODE, "invite", at=10) is None
        work.users.enable(user)
        assert work.invites.revoke("invite", user=user) == 1
        work.invites.add(CODE, "setup", at=1, expires_at=None)
        assert work.invites.revoke("setup") == 1


def test_of_many_that_redeem_a_code_one_gets_it(database: Database, user: int) -> None:
    with database.writing() as work:
        work.invites.add(CODE, "invite", at=1, expires_at=None, user=user)

    def redeem(_: int) -> bool:
        with database.writing() as work:
            return work.invites.redeem(CODE, "invite", at=2) is not None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(redeem, range(8))) == 1


def test_tokens_of_collectors(database: Database) -> None:
    with database.writing() as work:
        work.ingest_tokens.add("syslog", TOKEN, by="Admin", at=1)
        found = work.ingest_tokens.find(TOKEN)
        assert found is not None
        assert (found.name, found.created_by, found.last_used_at) == ("syslog", "Admin", None)
        assert work.ingest_tokens.find(TOKEN + b"!") is None
        work.ingest_tokens.used("syslog", at=8)
        work.ingest_tokens.used("syslog", at=7)
        assert [token.last_used_at for token in work.ingest_tokens.all()] == [8]
        for name, token in (
            ("syslog", TOKEN[::-1]),
            ("new", b"short"),
            (" ", TOKEN[::-1]),
            ("a\nb", TOKEN[::-1]),
        ):
            with pytest.raises(UsageError):
                work.ingest_tokens.add(name, token, by="Admin", at=2)
        assert work.ingest_tokens.revoke("syslog", at=9)
        assert not work.ingest_tokens.revoke("syslog", at=9)
        assert work.ingest_tokens.find(TOKEN) is None
        work.ingest_tokens.add("syslog", TOKEN[::-1], by="Admin", at=10)
        assert [token.revoked_at for token in work.ingest_tokens.all()] == [None]
        assert work.ingest_tokens.find(TOKEN) is None


def test_views(database: Database) -> None:
    with database.writing() as work:
        work.views.put("ann", "mine", "is:open", at=1)
        work.views.put("ann", "mine", "is:raised", at=2)
        work.views.put("bob", "mine", "x", at=2)
        assert [(view.name, view.query) for view in work.views.of("ann")] == [("mine", "is:raised")]
        for name, query in (("", "x"), ("n" * 101, "x"), ("n", "x" * 4001), ("\x1b[0m", "x")):
            with pytest.raises(UsageError):
                work.views.put("ann", name, query, at=1)
        assert work.views.remove("ann", "mine")
        assert not work.views.remove("ann", "mine")
        assert len(work.views.of("bob")) == 1
        for number in range(200):
            work.views.put("ann", str(number), "x", at=1)
        work.views.put("ann", "7", "y", at=1)
        with pytest.raises(UsageError, match="already"):
            work.views.put("ann", "more", "x", at=1)

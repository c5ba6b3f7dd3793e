"""Users, their sessions, and what they answered."""

from __future__ import annotations

import secrets

import pytest
from sqlalchemy import text

from seawall.storage.database import Database
from seawall_base.errors import UsageError
from tests.storage.database.test_incidents import incident


def test_users_are_found_by_name_whatever_its_case(database: Database) -> None:
    with database.writing() as work:
        ann = work.users.add("Ann@Contoso.example", "analyst", at=5, password_hash="a-hash")
        assert work.users.find("ann@contoso.EXAMPLE") == ann
        assert work.users.get(ann.id) == ann
        assert work.users.find("nobody") is None
        assert "a-hash" not in repr(ann)
        assert len(work.users) == 1
        with pytest.raises(UsageError, match="with this name"):
            work.users.add("ANN@contoso.example", "viewer", at=6)


@pytest.mark.parametrize("name", ["", "  ", "a" * 257, "a\nb", "a\x00b", "a\u202eb", "\ud800"])
def test_names_that_are_refused(database: Database, name: str) -> None:
    with database.writing() as work:
        with pytest.raises(UsageError):
            work.users.add(name, "viewer", at=1)
        assert work.users.find(name) is None


def test_the_last_admin_stays(database: Database) -> None:
    with database.writing() as work:
        first = work.users.add("first", "admin", at=1)
        with pytest.raises(UsageError, match="last active admin"):
            work.users.set_role(first.id, "viewer")
        with pytest.raises(UsageError, match="last active admin"):
            work.users.disable(first.id, at=2)
        second = work.users.add("second", "admin", at=1)
        work.users.disable(first.id, at=2)
        with pytest.raises(UsageError, match="last active admin"):
            work.users.set_role(second.id, "analyst")
        work.users.enable(first.id)
        work.users.set_role(second.id, "analyst")
        assert [(user.name, user.role) for user in work.users.all()] == [
            ("first", "admin"),
            ("second", "analyst"),
        ]
        with pytest.raises(UsageError):
            work.users.set_role(first.id, "root")  # type: ignore[arg-type]
        with pytest.raises(UsageError):
            work.users.enable(999)


def test_a_session_is_found_by_its_token_alone(database: Database) -> None:
    token = secrets.token_bytes(32)
    with database.writing() as work:
        ann = work.users.add("ann", "analyst", at=1)
        started = work.sessions.start(token, ann.id, at=10, expires_at=100, user_agent="x" * 5000)
        assert len(started.user_agent) == 1000
        assert work.sessions.find(token, at=99) == started
        assert work.sessions.find(token, at=100) is None
        assert work.sessions.find(bytes(32), at=50) is None
        assert work.sessions.find(started.handle.encode(), at=50) is None  # what is stored does not sign in
        work.sessions.touch(started.handle, at=60)
        work.sessions.touch(started.handle, at=50)
        work.session.expire_all()
        (seen,) = work.sessions.of_user(ann.id, at=61)
        assert seen.seen_at == 60
        rows = work.session.execute(text("SELECT * FROM sessions")).all()
        assert token.hex() not in repr(rows)
        with pytest.raises(UsageError):
            work.sessions.start(b"short", ann.id, at=1, expires_at=2)
        with pytest.raises(UsageError):
            work.sessions.start(token, 999, at=1, expires_at=2)


def test_sessions_end(database: Database) -> None:
    tokens = [secrets.token_bytes(32) for _ in range(4)]
    with database.writing() as work:
        work.users.add("root", "admin", at=1)
        ann = work.users.add("ann", "analyst", at=1)
        started = [
            work.sessions.start(token, ann.id, at=at, expires_at=1000) for at, token in enumerate(tokens)
        ]
        assert [one.handle for one in work.sessions.of_user(ann.id, at=5)] == [
            one.handle for one in started[::-1]
        ]
        assert work.sessions.revoke(started[0].handle, at=10)
        assert not work.sessions.revoke(started[0].handle, at=11)
        assert work.sessions.find(tokens[0], at=12) is None
        work.users.set_password_hash(ann.id, "new", at=20)
        assert work.sessions.of_user(ann.id, at=21) == []
        again = secrets.token_bytes(32)
        work.sessions.start(again, ann.id, at=22, expires_at=1000)
        work.users.disable(ann.id, at=23)
        work.users.enable(ann.id)
        assert work.sessions.find(again, at=24) is None
        work.sessions.start(secrets.token_bytes(32), ann.id, at=25, expires_at=1000)
        assert work.sessions.revoke_all(ann.id, at=26) == 1
        assert work.sessions.prune(25) == 5
        assert work.sessions.prune(2000) == 1


def test_answers(database: Database) -> None:
    with database.writing() as work:
        work.incidents.put([incident(1), incident(2)])
        scope = {"aspect": "network", "value": "AS64500", "accounts": ["a", "b"]}
        first = work.answers.give(
            incident(1).id, "expected-change", by="ann", at=10, scope=scope, expires_at=50
        )
        second = work.answers.give(incident(1).id, "compromised", by="bob", at=11, note="\x00 \ud800")
        assert first.scope == scope
        assert work.answers.of_incident(incident(1).id) == [first, second]
        assert work.answers.of_incident(incident(2).id) == []
        assert work.answers.standing(at=49) == [first, second]
        assert work.answers.standing(at=50) == [second]
        assert work.answers.standing(at=49, after=first.id) == [second]
        assert work.answers.withdraw(second.id, by="ann", at=60)
        assert not work.answers.withdraw(second.id, by="ann", at=61)
        work.session.expire_all()
        assert work.answers.standing(at=49) == [first]
        (_, withdrawn) = work.answers.of_incident(incident(1).id)
        assert (withdrawn.withdrawn_at, withdrawn.withdrawn_by) == (60, "ann")


def test_answers_that_make_no_sense(database: Database) -> None:
    with database.writing() as work:
        work.incidents.put([incident(1)])
        with pytest.raises(UsageError, match="no such incident"):
            work.answers.give("none", "safe", by="ann", at=1)
        with pytest.raises(UsageError, match="no answer"):
            work.answers.give(incident(1).id, "perhaps", by="ann", at=1)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="expiry"):
            work.answers.give(incident(1).id, "safe", by="ann", at=5, expires_at=5)

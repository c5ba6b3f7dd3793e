"""`seawall user`: the way back when no admin can sign in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seawall.cli.main import main
from seawall.console.sign_in.invitation_codes import INVITE, parse_code
from seawall.storage.location import open_store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    open_store(folder, make=True).close()
    return folder


def test_users_are_added_invited_listed_and_disabled(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--store", str(store)]
    assert main(["user", "add", "bob", "--role", "viewer", *where]) == 2  # the first is an admin
    assert main(["user", "add", "ann", "--role", "boss", *where]) == 2
    assert main(["user", "add", "local", "--role", "admin", *where]) == 2
    capsys.readouterr()
    assert main(["user", "add", "ann", "--role", "admin", *where]) == 0
    code = parse_code(capsys.readouterr().out)
    assert main(["user", "add", "bob", "--role", "analyst", "--json", *where]) == 0
    assert parse_code(json.loads(capsys.readouterr().out)["code"])
    assert main(["user", "disable", "ann", *where]) == 2  # the last admin stays
    assert main(["user", "disable", "bob", *where]) == 0
    assert main(["user", "invite", "nobody", *where]) == 2
    capsys.readouterr()
    assert main(["user", "list", "--json", *where]) == 0
    users = {one["name"]: one for one in json.loads(capsys.readouterr().out)["users"]}
    assert users["ann"] == {
        "name": "ann",
        "role": "admin",
        "disabled": False,
        "signs_in_with": [],
        "organisations": None,
    }
    assert users["bob"]["disabled"] is True
    with open_store(store) as opened, opened.database.writing() as work:
        at = work.users.all()[0].created_at
        found = work.invites.redeem(code, INVITE, at=at + 1)
        assert found is not None
        assert found.user == 1
        assert work.audit.verify().is_whole
        trail = [(one.actor, one.action, one.subject) for one in work.audit.page()]
    assert trail == [
        ("local", "user-added", "ann"), ("local", "user-invited", "ann"), ("local", "user-added", "bob"),
        ("local", "user-invited", "bob"), ("local", "user-disabled", "bob"),
    ]  # fmt: skip


def test_the_last_admin_who_can_sign_in_is_not_disabled(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--store", str(store)]
    for name in ("ann", "bob", "eve"):
        main(["user", "add", name, "--role", "admin", *where])
    assert main(["user", "disable", "eve", *where]) == 0  # nobody can sign in yet: nothing is lost
    with open_store(store) as opened, opened.database.writing() as work:
        ann = work.users.find("ann")
        assert ann is not None
        work.oidc_identities.link("https://login.example", "ann", ann.id, at=ann.created_at)
    capsys.readouterr()
    assert main(["user", "disable", "ann", *where]) == 2
    assert "this is the last admin who can sign in" in capsys.readouterr().err
    with open_store(store) as opened, opened.database.reading() as work:
        ann = work.users.find("ann")
        assert ann is not None
        assert ann.disabled_at is None
        assert ("user-disabled", "ann") not in [(one.action, one.subject) for one in work.audit.page()]
    assert main(["user", "disable", "bob", *where]) == 0


def test_an_invite_enables_and_replaces_earlier_ones(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--store", str(store)]
    main(["user", "add", "ann", "--role", "admin", *where])
    main(["user", "add", "bob", "--role", "admin", *where])
    main(["user", "disable", "bob", *where])
    capsys.readouterr()
    assert main(["user", "invite", "BOB", *where]) == 0
    code = parse_code(capsys.readouterr().out)
    with open_store(store) as opened, opened.database.reading() as work:
        bob = work.users.find("bob")
        assert bob is not None
        assert bob.disabled_at is None
        assert len(work.invites.of_user(bob.id, INVITE, at=bob.created_at)) == 1
        assert work.invites.find(code, INVITE, at=bob.created_at + 1) is not None


def test_without_a_store_it_makes_none(tmp_path: Path) -> None:
    assert main(["user", "list", "--store", str(tmp_path / "nothing")]) != 0
    assert not (tmp_path / "nothing").exists()


def test_a_store_without_users_says_so_and_what_to_do(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["user", "list", "--store", str(store)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "there are no users yet" in said.err
    assert f"seawall user add NAME --role admin --store {store}" in said.err


def test_a_user_is_limited_to_organisations_and_set_free(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--store", str(store)]
    one, two = ["--organisation", "one.example"], ["--organisation", "two.example"]
    main(["user", "add", "ann", "--role", "admin", *where])
    assert main(["user", "add", "bob", "--role", "analyst", *two, *one, *where]) == 0
    assert main(["user", "add", "eve", "--role", "admin", *one, *where]) == 2
    assert main(["user", "limit", "ann", *one, *where]) == 2  # an admin sees all
    assert main(["user", "limit", "bob", *where]) == 2
    assert main(["user", "limit", "bob", *one, "--all-organisations", *where]) == 2
    assert main(["user", "limit", "bob", "--organisation", " ", *where]) == 2
    assert main(["user", "limit", "nobody", *one, *where]) == 2
    capsys.readouterr()

    def listed() -> object:
        main(["user", "list", "--json", *where])
        users = json.loads(capsys.readouterr().out)["users"]
        return next(user["organisations"] for user in users if user["name"] == "bob")

    assert listed() == ["one.example", "two.example"]
    assert main(["user", "limit", "bob", *one, *where]) == 0
    assert "1 organisation" in capsys.readouterr().err
    assert listed() == ["one.example"]
    main(["user", "list", *where])
    assert "limited to one.example" in capsys.readouterr().out
    with open_store(store) as opened, opened.database.writing() as work:
        bob = work.users.find("bob")
        assert bob is not None
        work.sessions.start(bytes(32), bob.id, at=1, expires_at=2**60)
    assert main(["user", "limit", "bob", "--all-organisations", *where]) == 0
    assert "all organisations" in capsys.readouterr().err
    assert listed() is None
    with open_store(store) as opened, opened.database.reading() as work:
        assert work.sessions.of_user(bob.id, at=2) == []
        changes = [dict(one.details) for one in work.audit.page() if one.action == "user-organisations"]
    assert [(one["before"], one["after"]) for one in changes] == [
        (["one.example", "two.example"], ["one.example"]),
        (["one.example"], None),
    ]

"""Of whom an object id is: what states it, what decides where several names are stated, and what bounds it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.array_state import StateInvalid
from seawall.events.object_ids import LONGEST_ID, MOST_IDS
from seawall.storage import Coder, Spool
from tests.sample_events import event, sign_in, spool, table
from tests.thoroughness import examples

UID = "0f3a0000-0000-4000-8000-00000000a001"


def accounts(place: Path, *tables: pa.Table) -> dict[str, str]:
    """The account of each record by its id, after a scan of the tables."""
    found: dict[str, str] = {}
    days = spool(place, *tables)
    for day in days.days():
        batch, _ = days.load(day)
        found |= {batch.value("metadata_uid", row): batch.value("account", row) for row in range(len(batch))}
    return found


def pair(uid: str = UID, day: int = 1, **columns: Any) -> dict[str, Any]:
    """A sign-in of Ann's that states her id and her name."""
    return sign_in(f"pair{uid}{day}", day, actor_user_uid=uid, **columns)


BARE = event("bare", 0, 1, account=UID)


def test_an_id_is_joined_with_the_name_whichever_comes_first(tmp_path: Path) -> None:
    later = event("later", 3, account=UID)
    for number, tables in enumerate(([BARE, pair(), later], [later, pair(), BARE], [pair(), BARE, later])):
        place = tmp_path / str(number)
        place.mkdir()
        found = accounts(place, *(table([row]) for row in tables))
        assert found["bare"] == found["later"] == "ann@x.example"


def test_the_record_keeps_the_id_and_becomes_the_accounts_own(tmp_path: Path) -> None:
    days = spool(tmp_path, table([BARE, event("named", 0, 2), pair()]))
    batch, _ = days.load(days.days()[0])
    assert batch.actor[0] == batch.actor[1]
    assert days.join_counts == (1, 0, 0)


STATES_NOTHING: dict[str, dict[str, Any]] = {
    "a failed sign-in, which a stranger can write": {"status": "failure", "status_code": "50126"},
    "a sign-in that was interrupted": {"status": "interrupted", "status_code": "50074"},
    "a sign-in with no result": {"status": None},
    "mail that an application read in a mailbox": {
        "kind": "mail_access",
        "activity_name": "MailItemsAccessed",
    },
    "a record of no recognised log": {"kind": "other", "source": "other"},
    "an application": {"account_type": "service", "account": "app@x.example"},
    "a name that is no address": {"account": "ann"},
    "another organisation's sign-in": {"org_uid": "org-y"},
}


@pytest.mark.parametrize("columns", STATES_NOTHING.values(), ids=STATES_NOTHING)
def test_what_states_no_name_joins_nothing(tmp_path: Path, columns: dict[str, Any]) -> None:
    days = spool(tmp_path, table([BARE, pair(**columns)]))
    batch, _ = days.load(days.days()[0])
    assert batch.value("account", 0) == UID
    assert days.join_counts == (0, 0, 0)


def test_a_directory_change_states_its_persons_name(tmp_path: Path) -> None:
    change = event("change", 2, kind="directory", activity_name="Update user.", actor_user_uid=UID)
    assert accounts(tmp_path, table([BARE, change]))["bare"] == "ann@x.example"


def test_the_earliest_name_counts_and_no_later_record_takes_the_id_away(tmp_path: Path) -> None:
    renamed = pair(day=2, account="anna@x.example")
    misleading = pair(day=2, account="aaron@x.example", mailbox=None)
    rows = [BARE, pair(), event("last", 5, account=UID), renamed, {**misleading, "metadata_uid": "m"}]
    days = spool(tmp_path, *(table([row]) for row in reversed(rows)))
    assert days.join_counts == (0, 0, 0)  # nothing was loaded yet
    found = {days.load(day)[0].value("account", 0) for day in (days.days()[0], days.days()[-1])}
    assert found == {"ann@x.example"}
    assert days.join_counts == (1, 1, 0)


def test_of_two_names_at_one_time_the_lesser_counts(tmp_path: Path) -> None:
    rows = [BARE, pair(account="bea@x.example"), {**pair(account="abe@x.example"), "metadata_uid": "two"}]
    assert accounts(tmp_path, table(rows))["bare"] == "abe@x.example"


def test_a_name_with_more_ids_than_a_person_has_is_joined_with_none(tmp_path: Path) -> None:
    """Nobody can fill memory with ids of one name, nor take over the ids of others by them."""
    rows = [pair(f"{UID}-{number}") for number in range(MOST_IDS)]
    bare = event("bare", 0, 1, account=f"{UID}-0")
    for place in ("few", "many"):
        (tmp_path / place).mkdir()
    assert accounts(tmp_path / "few", table([bare, *rows]))["bare"] == "ann@x.example"
    assert accounts(tmp_path / "many", table([bare, *rows, pair()]))["bare"] == f"{UID}-0"


def test_what_is_known_grows_with_accounts_and_not_with_ids() -> None:
    coder = Coder(unseen=False)
    size = 0
    for start in range(0, 100_000, 20_000):
        rows = [sign_in(f"s{n}", 0, actor_user_uid=f"id-{n}") for n in range(start, start + 20_000, 50)]
        coder.encode(table(rows))
        size = max(size, len(coder.object_ids.state()["times"]))
    assert size <= MOST_IDS


@pytest.mark.parametrize("uid", ["x" * (LONGEST_ID + 1), "bob@x.example"], ids=["long", "a name"])
def test_what_is_no_id_is_not_learnt(tmp_path: Path, uid: str) -> None:
    assert accounts(tmp_path, table([event("bare", 0, 1, account=uid), pair(uid)]))["bare"] == uid


def test_one_organisation_known_by_id_and_domain_is_one(tmp_path: Path) -> None:
    homeless = pair(org_uid=None)
    rows = [BARE, homeless, sign_in("other", 0, 9, org_uid="org")]
    assert accounts(tmp_path, table(rows))["bare"] == "ann@x.example"


def test_twins_of_which_one_states_the_id_alone_are_one_event(tmp_path: Path) -> None:
    """Unified audit records of a sign-in may hold an id where Entra's own log of it holds the name."""
    twin = sign_in("twin", 0, account=UID, session_uid="s1")
    own = sign_in("twin", 0, source="entra_signin", actor_user_uid=UID, token_uid="t1")
    days = spool(tmp_path, table([twin, own]))
    batch, duplicates = days.load(days.days()[0])
    assert (len(batch), duplicates) == (1, 1)
    assert batch.value("account", 0) == "ann@x.example"
    assert (batch.value("session_uid", 0), batch.value("token_uid", 0)) == ("s1", "t1")


PERSONS = ("ann@x.example", "bob@x.example", "cy@x.example")
STATED = st.tuples(
    st.integers(0, 3), st.sampled_from(PERSONS), st.integers(0, 11), st.sampled_from(("org", "org-y"))
)


@settings(max_examples=examples(60))
@given(st.lists(STATED, max_size=40), st.data())
def test_no_order_and_no_stop_changes_of_whom_an_id_is(
    stated: list[tuple[int, str, int, str]], data: st.DataObject
) -> None:
    rows = [
        sign_in(f"s{number}", day, 0, account=who, actor_user_uid=f"id-{uid}", org_uid=org)
        for number, (day, who, uid, org) in enumerate(stated)
    ]
    rows += [event(f"e{uid}", 1, uid, account=f"id-{uid}") for uid in range(12)]
    shuffled = data.draw(st.permutations(rows))
    stop = data.draw(st.integers(0, len(rows)))
    assert joined(shuffled, stop) == joined(rows, len(rows))


def joined(rows: Sequence[dict[str, Any]], stop: int) -> list[str]:
    """The accounts that ids are, where the coder was kept and read back after so many records."""
    coder = Coder()
    with TemporaryDirectory() as folder:
        days = Spool(Path(folder))
        for part in (rows[:stop], rows[stop:]):
            if part:
                days.add(coder.encode(table(part)))
            state, coder = coder.state(), Coder()
            coder.restore(state)
        days.settle(*coder.settle())
        batches = [days.load(day)[0] for day in days.days()]
        found = {
            b.value("metadata_uid", row): b.value("account", row) for b in batches for row in range(len(b))
        }
    return [found[name] for name in sorted(found)]


RENAMED = pair(day=2, account="anna@x.example", mailbox="anna@x.example")


def test_a_renamed_person_stays_one_account_and_keeps_the_own_mailbox(tmp_path: Path) -> None:
    mail = event("mail", 3, account="anna@x.example", mailbox="anna@x.example")
    days = spool(tmp_path, table([mail]), table([RENAMED, pair()]))
    found = {}
    for day in days.days():
        batch, _ = days.load(day)
        for row in range(len(batch)):
            found[batch.value("metadata_uid", row)] = (
                batch.value("account", row),
                batch.value("mailbox", row),
            )
    assert {account for account, _ in found.values()} == {"ann@x.example"}
    assert found["mail"] == ("ann@x.example", "ann@x.example")
    assert days.join_counts == (0, 0, 1)


def test_a_name_that_a_second_person_got_is_joined_with_nobody(tmp_path: Path) -> None:
    second = pair("0f3a0000-0000-4000-8000-00000000a002", day=4)
    found = accounts(tmp_path, table([pair(), RENAMED, second]))
    assert found[RENAMED["metadata_uid"]] == "anna@x.example"
    assert {name for uid, name in found.items() if uid != RENAMED["metadata_uid"]} == {"ann@x.example"}


def test_a_guest_is_the_account_at_home_if_the_logs_state_both(tmp_path: Path) -> None:
    guest = sign_in("g", 1, account="ann_b_x.example#ext#@org.example", actor_user_uid="id-guest")
    home = sign_in("h", 2, account="ann_b@x.example", actor_user_uid="id-home")
    for name, rows in (("both", [guest, home]), ("alone", [guest])):
        (tmp_path / name).mkdir()
        found = accounts(tmp_path / name, table(rows))
        assert found["g"] == ("ann_b@x.example" if name == "both" else guest["account"])


@pytest.mark.parametrize(
    "name", ["#ext#@org.example", "ann#ext#@org.example", "_x.example#ext#@o.example", "ann_#ext#@o.example"]
)
def test_odd_names_of_guests_are_joined_with_nobody(tmp_path: Path, name: str) -> None:
    rows = [sign_in("g", 1, account=name, actor_user_uid="id-guest"), pair()]
    assert accounts(tmp_path, table(rows))["g"] == name


def test_a_mailbox_by_object_id_is_shown_by_name(tmp_path: Path) -> None:
    read = event("read", 0, 1, account="app-1", account_type="service", mailbox=UID)
    days = spool(tmp_path, table([read, pair()]))
    batch, _ = days.load(days.days()[0])
    assert (batch.value("account", 0), batch.value("mailbox", 0)) == ("app-1", "ann@x.example")


def test_a_kept_state_that_names_what_there_is_not_is_refused() -> None:
    coder = Coder()
    coder.encode(table([BARE, pair()]))
    state = coder.state()
    assert len(state["object_ids.names"]) == 1
    with pytest.raises(StateInvalid):
        Coder().restore({**state, "object_ids.names": state["object_ids.names"] + 99})

"""An organisation's candidates depend on its own records alone: they are the same whoever else is scored with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.ranker import load
from seawall.storage import Coder, Spool
from tests.sample_events import event, sign_in, table
from tests.thoroughness import examples

AWAY: dict[str, Any] = {
    "src_prefix": "198.51.100.0/24", "src_asn": 64999, "src_asn_name": "Far", "src_location": "RO",
}  # fmt: skip
DOINGS: dict[str, dict[str, Any]] = {
    "read": {"session_uid": "s1", "token_uid": "t1"},
    "read away": {"session_uid": "s1", "token_uid": "t1", **AWAY},
    "sign in": {"session_uid": "s1", "token_uid": "t1"},
    "sign in away": {"session_uid": "s2", "token_uid": "t2", **AWAY},
    "read as app": {"app_uid": "odd", "app_name": None},
    "read as named app": {"app_uid": "odd", "app_name": "Name of an application"},
    "fail away": {"status": "failure", "status_code": "50126", **AWAY},
    "revoke": {"kind": "directory", "activity_name": "Reset user password.", "resource_uid": "ann@x.example"},
    "consent": {
        "kind": "directory",
        "activity_name": "Consent to application.",
        "resource_uid": "b0000000-app",
    },
    "use": {"app_uid": "b0000000-app"},
}
ACTS = st.tuples(
    st.integers(0, 6),
    st.integers(0, 1400),
    st.sampled_from(("org-a", "org-b")),
    st.sampled_from(("ann@x.example", "bob@x.example", "cy@x.example")),
    st.sampled_from(sorted(DOINGS)),
)


def rows_of(acts: Iterable[tuple[int, int, str, str, str]]) -> list[dict[str, Any]]:
    rows = []
    for number, (day, minute, organisation, who, doing) in enumerate(acts):
        make = sign_in if doing.startswith(("sign in", "fail")) else event
        columns = {"account": who, "mailbox": who, "org_uid": organisation, **DOINGS[doing]}
        rows.append(make(f"e{number}", day, minute - 540, **columns))
    return rows


def candidates_of(rows: list[dict[str, Any]]) -> list[ScoredCandidate]:
    if not rows:
        return []
    with TemporaryDirectory() as folder:
        coder, spool, engine = Coder(), Spool(Path(folder)), DetectionEngine(load())
        spool.add(coder.encode(table(rows)))
        spool.settle(*coder.settle())
        found: list[ScoredCandidate] = []
        for day in spool.days():
            found += engine.observe(spool.load(day)[0], day).candidates
    return found


def assert_independent(rows: list[dict[str, Any]]) -> list[ScoredCandidate]:
    together = candidates_of(rows)
    for organisation in ("org-a", "org-b"):
        alone = candidates_of([row for row in rows if row["org_uid"] == organisation])
        assert repr([one for one in together if one.tenant == organisation]) == repr(alone)
    return together


@settings(max_examples=examples(60))
@given(st.lists(ACTS, min_size=1, max_size=60))
def test_scored_together_or_alone_an_organisation_has_the_same_candidates(
    acts: list[tuple[int, int, str, str, str]],
) -> None:
    assert_independent(rows_of(acts))


def test_what_happens_elsewhere_says_nothing() -> None:
    """A spray, a birth of a token, a reset password and the name of an application, in another organisation."""
    people = ("ann@x.example", "bob@x.example", "cy@x.example")
    acts = [(day, 500 + n, org, who, "read as app") for day in range(4) for org in ("org-a", "org-b")
            for n, who in enumerate(people)]  # fmt: skip
    acts += [(4, minute, "org-b", who, "fail away") for minute in range(30) for who in people]
    acts += [(4, 40, "org-b", "ann@x.example", "revoke"), (4, 41, "org-b", "cy@x.example", "sign in away")]
    acts += [(4, 42, "org-b", "cy@x.example", "read as named app")]
    acts += [
        (4, 300, "org-a", "ann@x.example", "read away"),
        (4, 301, "org-a", "bob@x.example", "read as app"),
    ]
    found = assert_independent(rows_of(acts))
    assert {one.tenant for one in found if one.day == max(each.day for each in found)} == {"org-a", "org-b"}

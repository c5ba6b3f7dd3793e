"""What a scope is held against: the truth's mailboxes and messages, counted as right, missing, wrong."""

from __future__ import annotations

from seawall.collection.coverage_gap import CoverageGap
from seawall.lab.evaluate.scope_trials import QUESTIONS, ScopeTrialCounts, _count, _figures, as_table
from seawall.response.scope_values import Doubt, Message, Scope, ScopeSubject, Verdict

TRUTH = {
    "attacks": [
        {
            "campaign": "c",
            "tenant": "t",
            "taken": {"a": {"messages": ["<1>", "<2>"]}, "b": {"messages": ["<3>"]}},
        },
        {"campaign": "other", "tenant": "t", "taken": {"z": {"messages": ["<9>"]}}},
        {"tenant": "t", "taken": {"y": {"messages": ["<8>"]}}},
    ]
}


def figures(verdicts: dict[str, Verdict], messages: dict[str, list[str]]) -> ScopeTrialCounts:
    subjects = tuple(
        ScopeSubject("mailbox", "t", name, verdict, (), messages=len(messages.get(name, ())))
        for name, verdict in verdicts.items()
    )
    named = tuple(Message(name, uid, "", "", 0, "t") for name, uids in messages.items() for uid in uids)
    count = ScopeTrialCounts()
    _count(count, {"id": "c"}, Scope(0, 1, (), (), (), subjects, (), named), TRUTH)
    return count


def test_what_is_right() -> None:
    found = figures({"a": "touched", "b": "possible", "z": "not_touched"}, {"a": ["<1>", "<2>"]})
    assert _figures(found)["wrong_not_touched"] == 0
    assert (found.exact, found.messages, found.messages_found, found.messages_wrong) == (1, 3, 2, 0)
    assert _figures(found)["others"]["not_touched"] == 1


def test_what_is_wrong() -> None:
    found = figures({"a": "touched", "b": "not_touched", "z": "touched"}, {"a": ["<1>", "<7>"]})
    assert _figures(found)["wrong_not_touched"] == 1
    assert _figures(found)["wrong_touched"] == 1
    assert (found.exact, found.too_many, found.messages_wrong) == (0, 1, 1)


def test_a_mailbox_that_is_in_no_verdict_is_wrongly_cleared() -> None:
    assert _figures(figures({"a": "touched"}, {}))["wrong_not_touched"] == 1


def test_the_table_has_a_row_for_each_question() -> None:
    counts = figures({"a": "touched", "b": "possible"}, {"a": ["<1>", "<2>"]})
    document = {"questions": {question: _figures(counts) for question in QUESTIONS}}
    answers, _, reasons = as_table(document).partition("\n\n")
    assert len(answers.splitlines()) == 2 + len(QUESTIONS)
    assert len({line.count("|") for line in answers.splitlines()}) == 1
    assert len({line.count("|") for line in reasons.splitlines()}) == 1


def test_what_keeps_a_mailbox_open_is_counted_alone_and_with_others() -> None:
    count = ScopeTrialCounts()
    gap, doubt = CoverageGap(0, 1, "mail_access", "gap", "silent"), Doubt("strange", "new", 3)
    for name, doubts, gaps, at_most in (
        ("d", (doubt,), (), 4),
        ("e", (doubt,), (gap,), None),
        ("f", (), (gap, gap), None),
    ):
        one = ScopeSubject("mailbox", "t", name, "possible", (), gaps, doubts=doubts, at_most=at_most)
        _count(count, {"id": "c"}, Scope(0, 1, (), (), (), (one,), ()), {"attacks": []})
    found = _figures(count)
    assert found["kept_open"] == {"strange": [2, 1], "gap": [2, 1]}
    assert found["at_most"] == {"mailboxes": 1, "median": 4, "ten_or_fewer": 1}

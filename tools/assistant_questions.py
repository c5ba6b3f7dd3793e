"""Ask five questions about a recorded tenant as an assistant does, and write the answers into docs/how-to/assistants.md.

    python -m tools.assistant_questions RESULTS           # print the answers
    python -m tools.assistant_questions RESULTS --write   # and write them into the page
    python -m tools.assistant_questions RESULTS --check   # return 1 if the page says something else

RESULTS is what `seawall scan` wrote. The program starts `seawall mcp` and speaks to it through the official SDK's client. It is a
script and no language model, so that the same results give the same page. Each answer names the calls and the ids of the records
that it rests on, and the program looks every id up in the events of the results.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Final

import anyio
import pyarrow.parquet as pq
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from seawall_base.plurals import plural
from tools import generated_tables

PAGE: Final = Path(__file__).parents[1] / "docs" / "how-to" / "assistants.md"
SHOWN: Final = 4
"""Record ids that an answer shows."""

_PLURALS: Final = {"account": "Accounts", "mailbox": "Mailboxes"}
_MARKDOWN: Final = str.maketrans({name: f"\\{name}" for name in "\\`*_[]<>|"})


class Conversation:
    """A session with the server: makes calls, and keeps which were made and which records the answers name."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.calls: list[str] = []
        self.records: dict[str, None] = {}

    async def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Return an answer's values. Raises RuntimeError for a refused call."""
        answer = await self._client.call_tool(name, arguments)
        if answer.is_error or not isinstance(answer.structured_content, dict):
            raise RuntimeError(f"{name}: {answer.content}")
        self.calls.append(f"{name} {json.dumps(arguments)}")
        self.records |= dict.fromkeys(list_records(answer.structured_content))
        return answer.structured_content


def list_records(value: Any) -> Iterable[str]:
    """Yield the record ids that an answer names."""
    if isinstance(value, list):
        for one in value:
            yield from list_records(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name == "records" and isinstance(one, dict):
                for entry in one["items"]:
                    yield str(entry["untrusted"] if "untrusted" in entry else entry["id"]["untrusted"])
            else:
                yield from list_records(one)


def quote(text: dict[str, Any] | None) -> str:
    """Return log text as Markdown shows it: as text, between quotation marks."""
    return "nothing" if text is None else f"“{str(text['untrusted']).translate(_MARKDOWN)}”"


def point(answer: dict[str, Any]) -> str:
    """Return the first record ids of an answer's list, and how many there are."""
    ids = [f"`{one['untrusted']}`" for one in answer["items"][:SHOWN]]
    more = answer["total"] - len(ids)
    return ", ".join(ids) + (f" and {more:,} more" if more > 0 else "")


async def ask_who(talk: Conversation) -> list[str]:
    """Who was most likely taken over?"""
    found = await talk.call("incidents", limit=3)
    lines = [f"Seawall raised {plural(found['incidents']['total'], 'incident')}. The first three:", ""]
    for one in found["incidents"]["items"]:
        explained = await talk.call("incident", incident=one["id"])
        lines.append(
            f"- {one['rank']}. {quote(one['account'])}, severity {one['severity']}, from {one['first_event']}: "
            f"{quote(one['title'])}. Records: {point(explained['records'])}."
        )
    return lines


async def ask_what(talk: Conversation) -> list[str]:
    """What did the attacker do in the most severe incident, in order?"""
    found = await talk.call("incidents", severity="critical", limit=1)
    (worst,) = found["incidents"]["items"]
    story = await talk.call("story", incident=worst["id"], limit=50)
    lines = [
        f"Incident `{worst['id']}`, account {quote(worst['account'])}. The acts that a short telling keeps:",
        "",
    ]
    lines += [
        f"- {one['time']}: {quote(one['text'])}. Records: {point(one['records'])}."
        for one in story["lines"]["items"]
        if one["is_key"]
    ]
    return lines


async def ask_where(talk: Conversation) -> list[str]:
    """From where did the attacker come, and does anybody else come from there?"""
    compared = await talk.call("usual_against_now", incident="1", limit=50)
    network = next(one for one in compared["fields"]["items"] if one["aspect"] == "network")
    usual = ", ".join(quote(one["value"]) for one in network["usual"]["items"][:2])
    number = network["now"]["untrusted"].partition(" ")[0]
    found = await talk.call("search", kind="network", value=number, limit=5)
    accounts = next(one for one in found["beside"] if one["field"] == "accounts")["values"]
    now = (
        f"In the first incident the account came from {quote(network['now'])}. It had been there on "
        f"{network['seen_days']:.0f} of {network['active_days']:.0f} active days, and {network['peers_with']} of "
        f"{network['peers']} peers use it; usual are {usual}."
    )
    return [
        now,
        "",
        f"{plural(found['matches'], 'record')} of {plural(accounts['total'], 'account')} show this network, from "
        f"{found['first']} to {found['last']}. Records: "
        + ", ".join(f"`{one['id']['untrusted']}`" for one in found["records"]["items"])
        + ".",
    ]


async def ask_scope(talk: Conversation) -> list[str]:
    """Who else was touched, and what should be done first?"""
    scope = await talk.call("scope", incident="1", limit=5)
    plan = await talk.call("plan", incident="1", limit=3)
    lines = [
        "; ".join(
            f"{_PLURALS[one['kind']]}: {one['touched']} touched, {one['possible']} possible, "
            f"{one['not_touched']} proved untouched"
            for one in scope["counts"]
        )
        + ". `possible` means that the logs cannot rule it out.",
        "",
    ]
    lines += [
        f"- {one['verdict']}: {one['kind']} {quote(one['name'])}. Records: {point(one['records'])}."
        for one in scope["members"]["items"]
        if one["verdict"] == "touched"
    ]
    lines += [
        "",
        f"The plan has {plural(plan['steps']['total'], 'step')}, for a person to judge and apply. It begins:",
        "",
    ]
    lines += [
        f"{one['number']}. {quote(one['title'])}: {quote(one['reason'])}" for one in plan["steps"]["items"]
    ]
    return lines


async def ask_coverage(talk: Conversation) -> list[str]:
    """What could these logs not have shown?"""
    found = await talk.call("coverage")
    lines = [
        f"- `{one['code']}` (`{one['source']}`), {one['start']} to {one['end']}: {quote(one['text'])}"
        for one in found["gaps"]["items"]
    ]
    lines += [
        f"- {plural(one['records'], 'record')} could not be read: `{one['code']}`"
        for one in found["problems"]["items"]
    ]
    explained = await talk.call("incident", incident="1")
    lines += [f"- for the first incident: {quote(one)}" for one in explained["coverage"]["items"]]
    return [
        *lines,
        "",
        "A limit of the logs has no record; the incident that it concerns names "
        + point(explained["records"])
        + ".",
    ]


QUESTIONS: Final[tuple[Callable[[Conversation], Awaitable[list[str]]], ...]] = (
    ask_who, ask_what, ask_where, ask_scope, ask_coverage,
)  # fmt: skip


async def answer_questions(results: Path, audit: Path) -> str:
    """Return the questions with their answers, calls and records as Markdown. Raises RuntimeError for an unknown record."""
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "seawall.cli.main", "mcp", "--out", str(results), "--audit", str(audit)],
        env=dict(os.environ),
    )
    known = set(
        pq.read_table(results / "events.parquet", columns=["metadata_uid"])["metadata_uid"].to_pylist()
    )
    parts = []
    async with Client(stdio_client(started)) as client:
        for number, ask in enumerate(QUESTIONS, start=1):
            talk = Conversation(client)
            lines = await ask(talk)
            unknown = sorted(set(talk.records) - known)
            if unknown or not talk.records:
                raise RuntimeError(
                    f"question {number} names {len(unknown)} records that the results do not hold"
                )
            traced = f"*{plural(len(talk.records), 'record id')} in these answers; each is an event of the results.*"
            calls = [f"    {call}" for call in talk.calls]
            parts.append("\n".join([f"### {number}. {ask.__doc__}", "", *calls, "", *lines, "", traced]))
    return "\n\n".join(parts)


def main(arguments: list[str]) -> int:
    """Return 0, or with `--check` 1 if the page would change."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.assistant_questions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("results", type=Path)
    parser.add_argument(
        "--audit", type=Path, default=Path("-"), help="file that gets the calls; default: standard error"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--write", action="store_true")
    how.add_argument("--check", action="store_true")
    asked = parser.parse_args(arguments)
    answers = anyio.run(answer_questions, asked.results, asked.audit)
    if not asked.write and not asked.check:
        sys.stdout.write(answers + "\n")
        return 0
    page = generated_tables.rewritten(PAGE.read_text("utf-8"), {"questions": answers}, PAGE.name)
    return generated_tables.write_or_check({PAGE: page}, ["--check"] if asked.check else [])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

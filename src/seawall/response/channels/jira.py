"""Jira, Cloud and Data Center, by the REST API version 2. A label recognises a repeated message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from seawall.response.channels.channel import HttpChannelTable, read_token, secret_setting, url_setting
from seawall.response.channels.http_sending import ChannelCall, basic, decode_answer, read_now
from seawall.response.channels.note import ChannelNote
from seawall.response.channels.tickets import TICKET_KINDS, ticket_key
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import any_text, any_texts, form

LONGEST_SUMMARY: Final = 250
LONGEST_DESCRIPTION: Final = 30_000
_MARKUP: Final = re.compile(r"([{}\[\]*_+^~?!|#@-])")


def check_user(channel: Any) -> Iterator[tuple[str, str, str]]:
    """Yield a fault if the user is missing for the Cloud."""
    if channel.url.partition("://")[2].partition("/")[0].endswith(".atlassian.net") and not channel.user:
        yield "user", "is needed for Jira Cloud", "write the address of the account that has the API token"


@dataclass(frozen=True, slots=True, kw_only=True)
class JiraChannel(HttpChannelTable):
    """`[[jira]]`: a project of Jira."""

    CHECKS: ClassVar = (check_user,)
    DEFAULT_KINDS: ClassVar[tuple[str, ...]] = TICKET_KINDS

    url: Annotated[str, url_setting("address of Jira, such as `https://example.atlassian.net`")]
    project: Annotated[str, SettingDescription("key of the project", form(r"[A-Z][A-Z0-9_]{1,99}", "SEC"))]
    token_file: Annotated[
        str, secret_setting("file with the API token (Cloud) or the personal access token (Data Center)")
    ]
    user: Annotated[
        str,
        SettingDescription(
            "address of the account, for the Cloud; leave it out for Data Center",
            any_text(254),
        ),
    ] = ""
    issue_type: Annotated[str, SettingDescription("name of the issue type", any_text(100, least=1))] = "Task"
    labels: Annotated[
        tuple[str, ...],
        SettingDescription("labels of the issues", any_texts(form(r"[!-~]{1,100}", "a word"))),
    ] = ("seawall",)

    def check(self) -> None:
        """Read the token once. Raises `ChannelsInvalid`."""
        read_token(self.token_file)

    def send(self, note: ChannelNote) -> None:
        """Create the issue, unless it is there. Raises `DeliveryFailed`."""
        (token,) = read_now(read_token, self.token_file)
        authorization = basic(self.user, token) if self.user else f"Bearer {token}"
        call = ChannelCall("Jira", self, [token, authorization], {"Authorization": authorization})
        api = f"{self.url.rstrip('/')}/rest/api/2"
        jql = f'project = "{self.project}" AND labels = "{ticket_key(note)}"'
        asked = {"jql": jql, "fields": ["summary"], "maxResults": 1}
        found = decode_answer(call.send_json("POST", f"{api}/search{'/jql' if self.user else ''}", asked))
        if not (isinstance(found, dict) and found.get("issues")):
            call.send_json("POST", f"{api}/issue", make_issue(note, self))


def escape_wiki(text: str) -> str:
    """Escape Jira's wiki markup; a backslash becomes an entity, because two of them are a line break."""
    plain = text.replace("&", "&amp;").replace("\\", "&#92;").replace("<", "&lt;")
    return _MARKUP.sub(r"\\\1", plain).replace("://", ":&#47;&#47;")


def make_issue(note: ChannelNote, channel: JiraChannel) -> dict[str, Any]:
    """Return the issue. Its description is wiki markup, which version 2 of the API takes in Cloud and Data Center."""
    lines = [f"* {escape_wiki(line)}" for line in note.lines]
    facts = [f"|{name}|{escape_wiki(value) or ' '}|" for name, value in note.facts]
    link = [f"[Open in Seawall|{note.link}]"] if note.link else []
    description = "\n".join([*link, "", *lines, "", *facts])
    return {
        "fields": {
            "project": {"key": channel.project},
            "issuetype": {"name": channel.issue_type},
            "summary": note.title[:LONGEST_SUMMARY] or note.kind,
            "description": description[:LONGEST_DESCRIPTION],
            "labels": [*channel.labels, ticket_key(note)],
        }
    }

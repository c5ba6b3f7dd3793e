"""Run one call of an assistant: check its arguments, answer within bounds, and record it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from seawall.mcp.call_audit import CallAudit, CallRecord, Outcome
from seawall.mcp.errors import AssistantCallRefused
from seawall.mcp.log_text import AnswerWriter
from seawall.mcp.tool_table import TOOLS, AssistantTool
from seawall_base.clock import read_wall_clock
from seawall_base.errors import SeawallError, UsageError
from seawall_base.json_text import encode_json
from seawall_base.msgspec_types import prepare
from seawall_base.safe_text import visible

if TYPE_CHECKING:
    from seawall.console.privacy.name_view import NameView
    from seawall.mcp.tool_table import AnswerSource
    from seawall.storage.database import Role

LARGEST_ANSWER: Final = 256 * 1024
"""Bytes of an answer."""

LONGEST_ERROR: Final = 500
_ROLES: Final = ("viewer", "analyst", "admin")
_TOOLS: Final = {tool.name: tool for tool in TOOLS}
_MAY_NAME: Final = frozenset({"account", "organisation", "rule"})
"""Arguments beside a value that may name a person."""

_log = logging.getLogger("seawall.mcp")

prepare(*(tool.arguments for tool in TOOLS))


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """The answer to a call, as JSON text and as values. `is_error`: there is none, and the text says what to do."""

    text: str
    document: dict[str, Any] | None = None
    is_error: bool = False


def show_names() -> None:
    """Return the view of a caller who sees names as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRunner:
    """Answer calls over one source, for one caller.

    `actor` and `role` are the caller's, and `view` gives the names as he sees them (None: as they are). Threads may share an
    instance.
    """

    source: AnswerSource
    audit: CallAudit
    actor: str
    role: Role = "admin"
    view: Callable[[], NameView | None] = show_names
    clock: Callable[[], int] = read_wall_clock

    def list_tools(self) -> list[AssistantTool]:
        """Return the tools that the caller's role may call."""
        return [tool for tool in TOOLS if self._may_call(tool)]

    def call(self, name: str, arguments: Mapping[str, Any] | None) -> CallAnswer:
        """Answer a call. It is recorded before its answer is returned: one that cannot be recorded is not answered."""
        given = dict(arguments or {})
        outcome: Outcome = "answered"
        why = ""
        writer = AnswerWriter(self.view())
        try:
            answer = self._answer(name, given, writer)
        except SeawallError as error:
            outcome, why, answer = "refused", error.code, self._refuse(error, writer)
        except Exception:
            self._record(name, given, "failed", "unexpected", CallAnswer("", is_error=True))
            raise
        self._record(name, given, outcome, why, answer)
        return answer

    def refuse(self, name: str, arguments: Mapping[str, Any] | None, error: SeawallError) -> CallAnswer:
        """Record a call that was not even begun, and return its refusal."""
        answer = self._refuse(error, AnswerWriter(self.view()))
        self._record(name, arguments or {}, "refused", error.code, answer)
        return answer

    def _answer(self, name: str, given: dict[str, Any], writer: AnswerWriter) -> CallAnswer:
        tool = _TOOLS.get(name)
        if tool is None or not self._may_call(tool):
            known = ", ".join(one.name for one in self.list_tools())
            raise AssistantCallRefused("there is no such tool for you", fix=f"call one of: {known}")
        asked = _read_arguments(tool, given, writer)
        content = encode_json(tool.work(self.source, asked, writer))
        if len(content) > LARGEST_ANSWER:
            raise AssistantCallRefused(
                f"the answer has {len(content):,} bytes, more than {LARGEST_ANSWER:,}",
                fix="ask with a smaller `limit`",
            )
        return CallAnswer(content.decode("utf-8"), msgspec.json.decode(content))

    def _refuse(self, error: SeawallError, writer: AnswerWriter) -> CallAnswer:
        if isinstance(error, AssistantCallRefused | UsageError):
            said = f"{error.message}. What to do: {error.fix}" if error.fix else error.message
        else:
            # such a message names places of this machine, and may quote a file: it is for the person who runs Seawall
            _log.warning("an assistant's call failed: %s", visible(error.message, LONGEST_ERROR))
            said = f"Seawall cannot answer now ({error.code}). What to do: tell the person who runs Seawall"
        return CallAnswer(writer.write(said, LONGEST_ERROR).untrusted, is_error=True)

    def _may_call(self, tool: AssistantTool) -> bool:
        return _ROLES.index(self.role) >= _ROLES.index(tool.role)

    def _record(
        self, name: str, given: Mapping[str, Any], outcome: Outcome, why: str, answer: CallAnswer
    ) -> None:
        size = 0 if answer.is_error else len(answer.text.encode("utf-8"))
        self.audit.record(CallRecord(self.clock(), self.actor, visible(name, 60), given, outcome, why, size))


def _read_arguments(tool: AssistantTool, given: Mapping[str, Any], writer: AnswerWriter) -> Any:
    """Return a tool's arguments with names in place of pseudonyms. Raises AssistantCallRefused."""
    for name, value in given.items():
        if isinstance(value, str) and visible(value, len(value)) != value:
            raise AssistantCallRefused(
                f"`{visible(name, 60)}` holds control or invisible characters", fix="leave them out"
            )
    try:
        asked = msgspec.convert(given, tool.arguments, strict=True)
    except msgspec.ValidationError as error:
        known = ", ".join(tool.arguments.__struct_fields__) or "none"
        raise AssistantCallRefused(
            f"impossible arguments: {error}", fix=f"see the tool's schema; its arguments are: {known}"
        ) from None
    plain = msgspec.structs.asdict(asked)
    texts = {
        name: _read_text(name, value, plain.get("kind"), writer)
        for name, value in plain.items()
        if isinstance(value, str)
    }
    return msgspec.structs.replace(asked, **texts)


def _read_text(name: str, value: str, kind: Any, writer: AnswerWriter) -> str:
    """Return one argument; a value is read with its kind, because parts of titles and message ids may be parts of names."""
    if name == "value":
        return writer.read(f"{kind}:{value}", "subject").removeprefix(f"{kind}:")
    return writer.read(value, name) if name in _MAY_NAME else value

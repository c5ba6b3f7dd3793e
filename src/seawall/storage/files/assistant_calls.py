"""Name the file in which `seawall mcp` records the calls of assistants, beside the results that they read."""

from __future__ import annotations

from typing import Final

ASSISTANT_CALLS: Final = "assistant-calls.jsonl"
"""A scan never reads it as a log, and leaves it when it writes its results anew."""

"""State the version of the documents that Seawall writes."""

from __future__ import annotations

SCHEMA_VERSION = 1
"""Version of every file and JSON document that Seawall writes."""

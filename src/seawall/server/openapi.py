"""The OpenAPI document of the gate."""

from __future__ import annotations

from typing import Any

OPENAPI: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "Seawall gate", "version": "1"}, "paths": {}}

"""The number of this version, outside the layers: every room may say it."""

from __future__ import annotations

__version__ = "0.1.0"

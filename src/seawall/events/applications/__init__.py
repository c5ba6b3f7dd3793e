"""Name well-known applications of Microsoft and mail programs by id, from a dated table."""

from __future__ import annotations

from seawall.events.applications.names import find_application_name, label_application

__all__ = ["find_application_name", "label_application"]

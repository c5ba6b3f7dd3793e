"""Keep the spool, result files, event lake and database on disk."""

from __future__ import annotations

from seawall.events.coder import Coder
from seawall.storage.files.events_file import EventsFile
from seawall.storage.files.state_file import pack, unpack
from seawall.storage.spool.spool import Spool

__all__ = ["Coder", "EventsFile", "Spool", "pack", "unpack"]

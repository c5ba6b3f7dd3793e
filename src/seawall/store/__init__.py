"""Events on disk (the spool between reading and scoring, the events file that a scan leaves behind), and state as bytes."""

from __future__ import annotations

from seawall.store.coder import Coder
from seawall.store.events_file import EventsFile
from seawall.store.packing import pack, unpack
from seawall.store.spool import Spool

__all__ = ["Coder", "EventsFile", "Spool", "pack", "unpack"]

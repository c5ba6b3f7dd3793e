"""What a watch tells besides its status, once it is stored."""

from __future__ import annotations

from seawall.detection.incident import Incident
from seawall.pipeline.live.history import HistoryNotice
from seawall.pipeline.live.rescoring import RescoringNotice
from seawall.pipeline.live.silent_sources import SilenceChange

News = Incident | SilenceChange | HistoryNotice | RescoringNotice

"""What a task needs besides its rows: networks, rules and ranker, loaded once in each Python process of Spark."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from seawall.detection.ranking import ranker
from seawall.detection.rules.sigma.load import load_rules
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.networks import Networks


@cache
def get_networks(mmdb: tuple[Path, ...]) -> Networks:
    """Return the table of networks with the operator's databases. Raises `ArtefactInvalid`."""
    return Networks.load(mmdb)


@cache
def get_rules(folders: tuple[Path, ...], *, with_pack: bool) -> RuleSet:
    """Return the Sigma rules of these folders."""
    return load_rules(folders, with_pack=with_pack)


@cache
def get_ranker() -> ranker.Ranker:
    """Return the ranker that ships. Raises `ArtefactInvalid`."""
    return ranker.load()

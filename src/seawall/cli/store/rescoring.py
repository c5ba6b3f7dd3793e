"""`seawall store rescore`: score all events of a store again with this version."""

from __future__ import annotations

import threading
from typing import Any

from seawall.cli import output
from seawall.cli.live_settings import NetworkDatabases, RuleFolders
from seawall.cli.store.options import DEFAULT_STORE, AsJson, DatabaseUrl, StoreFolder, where

REASON = "it was asked for"


def rescore(
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    rules: RuleFolders = None,
    mmdb: NetworkDatabases = None,
    as_json: AsJson = False,
) -> None:
    """Score the events of a store again from its first day, and say which raised incidents changed.

    \b
    Examples:
      seawall store rescore
      seawall store rescore --store /var/lib/seawall --rules own-rules/ --json

    A watch does the same by itself when rules, patterns or the ranker are others than those that it scored with, or what is
    stored cannot be read. Give the --rules of your watch, and stop `watch`, `serve` and `run` first. Answers, comments and
    status stay. Newly raised incidents are announced by the next watch. After an interruption the next watch goes on.
    """
    from seawall.pipeline.live.budget import read_configured_budget, read_configured_least_score
    from seawall.pipeline.live.news import News
    from seawall.pipeline.live.rescoring import RescoringNotice, describe_rescoring
    from seawall.pipeline.live.service import WatchService
    from seawall.pipeline.live.settings import LiveSettings
    from seawall.storage.location import open_store

    found = list[RescoringNotice]()

    def note(news: News) -> None:
        if isinstance(news, RescoringNotice):
            found.append(news)

    with open_store(store, database) as opened:
        with opened.database.reading() as work:
            budget, least_score = read_configured_budget(work), read_configured_least_score(work)
        settings = LiveSettings(
            store, database, budget=budget, least_score=least_score, mmdb=tuple(mmdb or ()), rules=tuple(rules or ()),
            announces=False, score_seconds=0.0, history_seconds=0.0,
        )  # fmt: skip
        service = WatchService(settings, opened.database, opened.lake, news=note)
        service.score_again(REASON)
        service.run(threading.Event(), "once")
    if as_json:
        document: dict[str, Any] = found[0].document() if found else {}
        output.answer_json(document)
        return
    for notice in found:
        output.write("".join(f"{line}\n" for line in describe_rescoring(notice)))
    output.next_step(f"seawall store check{where(store, database)}")

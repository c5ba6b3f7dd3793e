"""Give each visitor the part of the store that he may see: the one place where a request is narrowed to organisations.

A visitor who is limited to organisations gets another context. Its database and its event lake show the rows of his
organisations alone, and what endpoints keep in memory is kept apart. So an endpoint needs no condition of its own. Each
route says in `Endpoint.tenants` whether that is enough; one that does not say is refused to him.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from seawall.console.context import ConsoleContext
from seawall.console.data import scope_search, slow_values
from seawall.console.news import NewsFeed
from seawall.console.privacy.boundary import NOTE as BOUNDARY
from seawall.console.privacy.boundary import PrivacyBoundary
from seawall.pipeline.live.status import NOTHING, WatchStatus
from seawall.storage.lake.narrowed import NarrowedLake

if TYPE_CHECKING:
    from seawall.console.endpoint import Visitor

NOTE: Final = "tenant access"
NEWS: Final = "news"
SHARED_NOTES: Final = ("gatekeeper", "runner", "sign-in", "streams", "oidc")
"""What all visitors share in memory: sign-in, and limits on work. Nothing of it comes from an organisation."""

MOST_CONTEXTS: Final = 64
"""Sets of organisations whose contexts are kept; the one that was asked for least recently is closed first."""


class NarrowedWatch:
    """The running watch as somebody sees it who is limited to organisations: what it does, and no number."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole

    def status(self) -> WatchStatus:
        """Return what the watch is doing."""
        return WatchStatus(doing=NOTHING.doing if self._whole is None else self._whole.status().doing)

    def subscribe(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        """Call a function when something changed, without saying what; return the function that ends it."""
        if self._whole is None:
            return lambda: None
        leave: Callable[[], None] = self._whole.subscribe(lambda _: listener(None))
        return leave


class TenantAccess:
    """The contexts of one application, by the organisations that visitors are limited to. Threads may share it."""

    def __init__(
        self, whole: ConsoleContext, literals: frozenset[str], summarise: Callable[[ConsoleContext], Any]
    ) -> None:
        self.whole = whole
        self._literals = literals
        self._summarise = summarise
        self._lock = threading.Lock()
        self.contexts: OrderedDict[frozenset[str], ConsoleContext] = OrderedDict()
        self._tasks: dict[frozenset[str], asyncio.Task[None]] = {}

    def context_of(self, visitor: Visitor | None) -> ConsoleContext:
        """Return the context for a visitor: the whole one for one who sees all organisations, and for nobody."""
        if visitor is None or visitor.organisations is None:
            return self.whole
        with self._lock:
            found = self.contexts.get(visitor.organisations)
            if found is None:
                found = self.contexts[visitor.organisations] = self._narrow(visitor.organisations)
            self.contexts.move_to_end(visitor.organisations)
            for organisations in list(self.contexts)[: max(len(self.contexts) - MOST_CONTEXTS, 0)]:
                self._drop(organisations)
        return found

    def news_of(self, context: ConsoleContext) -> NewsFeed:
        """Return the news of a context. Call it in the event loop: a narrowed context's feed begins with its first stream."""
        feed: NewsFeed | None = context.notes.get(NEWS)
        if feed is None and context.organisations is not None:
            feed = context.notes[NEWS] = NewsFeed(context, self._summarise)
            self._tasks[context.organisations] = asyncio.create_task(feed.run())
        if feed is None:
            raise LookupError("the application is not running")
        return feed

    def end_streams(self) -> None:
        """End the streams of all contexts."""
        for context in [self.whole, *self.contexts.values()]:
            feed: NewsFeed | None = context.notes.get(NEWS)
            if feed is not None:
                feed.close()

    async def close(self) -> None:
        """Free what the narrowed contexts hold."""
        self.end_streams()
        with self._lock:
            for organisations in list(self.contexts):
                self._drop(organisations)
        for task in self._tasks.values():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    def _narrow(self, organisations: frozenset[str]) -> ConsoleContext:
        whole = self.whole
        narrowed = ConsoleContext(
            database=whole.database.narrow(organisations),
            lake=None if whole.lake is None else NarrowedLake(whole.lake, organisations),
            key=whole.key,
            settings=whole.settings,
            service=NarrowedWatch(whole.service),
            clock=whole.clock,
            notes={name: whole.notes[name] for name in SHARED_NOTES if name in whole.notes},
            organisations=organisations,
        )
        narrowed.notes[NOTE] = self
        narrowed.notes[BOUNDARY] = PrivacyBoundary(narrowed, self._literals)
        return narrowed

    def _drop(self, organisations: frozenset[str]) -> None:
        context = self.contexts[organisations]
        feed: NewsFeed | None = context.notes.get(NEWS)
        if feed is not None and len(feed):
            return  # somebody reads its stream
        if feed is not None:
            feed.close()  # its task ends
        del self.contexts[organisations]
        slow_values.close_caches(context)
        scope_search.close_searches(context)


def get_tenant_access(context: ConsoleContext) -> TenantAccess:
    """Return the application's access by organisation."""
    found: TenantAccess = context.notes[NOTE]
    return found

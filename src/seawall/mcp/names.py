"""Give an assistant pseudonyms in place of the names of persons, as the console gives them to its users."""

from __future__ import annotations

import secrets
from typing import Final

from seawall.console.context import ConsoleContext, installation_key
from seawall.console.privacy.boundary import PrivacyBoundary
from seawall.console.privacy.name_view import NameView, ShownCodes
from seawall.console.privacy.pseudonyms import Pseudonyms
from seawall.detection.incident import Incident
from seawall.mcp.results_source import ResultsSource
from seawall.storage.files.incident_documents import incident_line
from seawall.storage.location import Store
from seawall_base.person_names import ADDRESS, KnownNames

KEY_BYTES: Final = 32


class ResultsNames:
    """The names in a results folder. The key is new in each process, so pseudonyms last as long as the server runs."""

    def __init__(self, source: ResultsSource) -> None:
        self._source = source
        self._pseudonyms = Pseudonyms(secrets.token_bytes(KEY_BYTES))
        self._shown = ShownCodes()
        self._view: tuple[tuple[Incident, ...], NameView] | None = None

    def view(self) -> NameView:
        """Return the view that hides names; names are read again when the results have changed."""
        incidents = self._source.list_incidents()
        if self._view is None or self._view[0] is not incidents:
            self._view = incidents, self._make(incidents)
        return self._view[1]

    def _make(self, incidents: tuple[Incident, ...]) -> NameView:
        in_incidents: set[str] = set()
        for one in incidents:
            in_incidents |= {one.account, *one.mailboxes, *one.related}
            in_incidents |= set(ADDRESS.findall(incident_line(one).decode("utf-8", "replace")))
        in_events = self._source.list_names()
        names = KnownNames(in_events.persons | (in_incidents - in_events.programs))
        return NameView(
            names=names,
            codes=names.list_codes(self._pseudonyms.code_of),
            shown=self._shown,
            pseudonyms=self._pseudonyms,
        )


class StoreNames:
    """The names in a store, with the pseudonyms that its console shows."""

    def __init__(self, store: Store) -> None:
        self._context = ConsoleContext(store.database, store.lake, installation_key(store.folder))
        self._boundary = PrivacyBoundary(self._context)

    def view(self) -> NameView:
        """Return the view that hides names, new ones too."""
        with self._context.database.reading() as work:
            self._boundary.learn_names(work, self._context.clock())
        return self._boundary.make_view()

"""TAXII 2.1 (OASIS, 10 June 2021) under `/taxii2/`, for other organisations.

The routes are no rows of the API: the standard says what they are. Each needs a token of `seawall indicators grant`, by HTTP
Basic or as `Bearer`. Cookies are not looked at, so no user of the console is known here, limited to organisations or not. What
is served was released (`seawall.response.exchange.release`) or came from others, and holds no rows of any organisation.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from seawall.console.api_error import ApiError
from seawall.console.context import ConsoleContext
from seawall.console.request_origin import ORIGIN_KEY, client_network
from seawall.console.taxii.answers import (
    CHALLENGE,
    KIND,
    MEDIA,
    TaxiiRefused,
    added_headers,
    added_text,
    answer_document,
    answer_refusal,
)
from seawall.console.taxii.collections import (
    COLLECTIONS,
    STIX_MEDIA,
    CollectionCache,
    TaxiiCollection,
    find_collection,
    parse_limit,
    read_filter,
)
from seawall.console.taxii.contributions import BODY_BYTES, add_contribution, read_addition
from seawall.storage.database.exchange_collections import CollectionObject
from seawall.storage.database.exchange_tokens import ExchangeToken
from seawall.storage.errors import DatabaseAway
from seawall_base.errors import DatabaseInUse, SeawallError

if TYPE_CHECKING:
    from seawall.console.endpoint_runner import EndpointRunner

ROOT: Final = "/taxii2/indicators/"
SECONDS: Final = 30.0
MOST_STATUSES: Final = 500
_COLLECTION: Final = ROOT + "collections/{collection}/"
_LONGEST_CREDENTIALS: Final = 1_000


@dataclass(frozen=True, slots=True)
class TaxiiCall:
    """One admitted request: whose token, the path's parts, the query and the body."""

    token: ExchangeToken
    path: Mapping[str, str]
    query: Mapping[str, str]
    origin: str
    now: int
    body: bytes = b""


Work = Callable[[TaxiiCall], Response]


@dataclass(slots=True)
class TaxiiServer:
    """Answer the requests of TAXII from a console's database."""

    context: ConsoleContext
    runner: EndpointRunner
    _cache: CollectionCache = field(default_factory=CollectionCache)
    _statuses: OrderedDict[tuple[str, str], dict[str, Any]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route("/taxii2/", self._serve(self.discover), methods=["GET"]),
            Route(ROOT, self._serve(self.describe_root), methods=["GET"]),
            Route(f"{ROOT}status/{{status}}/", self._serve(self.show_status), methods=["GET"]),
            Route(f"{ROOT}collections/", self._serve(self.list_collections), methods=["GET"]),
            Route(_COLLECTION, self._serve(self.show_collection), methods=["GET"]),
            Route(f"{_COLLECTION}manifest/", self._serve(self.list_manifest), methods=["GET"]),
            Route(f"{_COLLECTION}objects/", self._serve(self.list_objects), methods=["GET"]),
            Route(f"{_COLLECTION}objects/", self._serve(self.add_objects), methods=["POST"]),
            Route(f"{_COLLECTION}objects/{{object}}/", self._serve(self.show_object), methods=["GET"]),
            Route(
                f"{_COLLECTION}objects/{{object}}/versions/", self._serve(self.list_versions), methods=["GET"]
            ),
        ]

    def discover(self, call: TaxiiCall) -> Response:
        """Return the server's description and its one API root."""
        root = f"{call.origin}{ROOT}"
        return answer_document(
            {
                "title": "Seawall",
                "description": "Indicators of intruders",
                "default": root,
                "api_roots": [root],
            }
        )

    def describe_root(self, _: TaxiiCall) -> Response:
        """Return the API root's description."""
        return answer_document(
            {"title": "Indicators", "versions": [MEDIA], "max_content_length": BODY_BYTES},
        )

    def show_status(self, call: TaxiiCall) -> Response:
        """Return the status of an earlier addition of the same token, as long as it is remembered."""
        with self._lock:
            found = self._statuses.get((call.token.name, call.path["status"]))
        if found is None:
            raise TaxiiRefused(404, "There is no such status")
        return answer_document(found)

    def list_collections(self, call: TaxiiCall) -> Response:
        """Return the collections."""
        return answer_document({"collections": [one.describe(call.token) for one in COLLECTIONS]})

    def show_collection(self, call: TaxiiCall) -> Response:
        """Return one collection."""
        return answer_document(find_collection(call.path["collection"]).describe(call.token))

    def list_manifest(self, call: TaxiiCall) -> Response:
        """Return what a collection has, without the objects themselves."""
        return self._page(call, "objects", _describe_entry, ("id", "type", "version", "spec_version"))

    def list_objects(self, call: TaxiiCall) -> Response:
        """Return the objects of a collection."""
        return self._page(call, "objects", _raw, ("id", "type", "version", "spec_version"))

    def show_object(self, call: TaxiiCall) -> Response:
        """Return the versions of one object, by default the last."""
        return self._page(call, "objects", _raw, ("version", "spec_version"))

    def list_versions(self, call: TaxiiCall) -> Response:
        """Return the times of an object's versions."""
        everything = {"match[version]": "all"} | dict(call.query)
        asked = TaxiiCall(call.token, call.path, everything, call.origin, call.now)
        return self._page(asked, "versions", _name_version, ("version", "spec_version"))

    def add_objects(self, call: TaxiiCall) -> Response:
        """Add objects to a collection, and return the status."""
        collection = find_collection(call.path["collection"])
        if not collection.may_add(call.token):
            raise TaxiiRefused(403, "This token may not add to this collection")
        status = add_contribution(self.context.database, collection, call.token, call.body, call.now)
        with self._lock:
            self._statuses[call.token.name, status["id"]] = status
            while len(self._statuses) > MOST_STATUSES:
                self._statuses.popitem(last=False)
        return answer_document(status, 202)

    def _page(
        self,
        call: TaxiiCall,
        name: str,
        show: Callable[[CollectionObject], Any],
        allowed: Sequence[str],
    ) -> Response:
        """Return one page of what the filters choose, in the order of addition."""
        collection = find_collection(call.path["collection"])
        named = call.path.get("object")
        objects = self._cache.read(self.context.database, collection)
        if named is not None and not any(one.id == named for one in objects):
            raise TaxiiRefused(404, "There is no such object")
        chosen = read_filter(
            call.query, allowed, frozenset() if named is None else frozenset({named})
        ).choose(objects)
        limit, purpose = parse_limit(call.query), _describe_query(call, collection, show.__name__)
        if "next" in call.query:
            after = self.context.cursors.read(purpose, call.query["next"], int)
            chosen = [one for one in chosen if one.added > after]
        page, more = chosen[:limit], len(chosen) > limit
        document: dict[str, Any] = {"more": more}
        if more:
            document["next"] = self.context.cursors.write(purpose, page[-1].added)
        if page:
            document[name] = [show(one) for one in page]
        return answer_document(document, headers=added_headers(page))

    def _serve(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        """Return the route's function."""

        async def respond(request: Request) -> Response:
            client = client_network(request.scope[ORIGIN_KEY].client_address)
            try:
                _check_accept(request)
                token = await self.runner.in_thread(lambda: self._admit(request), SECONDS, client)
                body = await read_addition(request) if request.method == "POST" else b""
                call = self._call(request, token, body)
                response: Response = await self.runner.in_thread(lambda: work(call), SECONDS, client)
            except (TaxiiRefused, ApiError) as refusal:
                return answer_refusal(refusal)
            except ClientDisconnect:
                return Response(status_code=400)
            except (TimeoutError, DatabaseAway, DatabaseInUse):
                return answer_refusal(TaxiiRefused(503, "Try again later", {"retry-after": "30"}))
            except SeawallError as error:
                return answer_refusal(TaxiiRefused(503, f"The server has a fault ({error.code})"))
            return response

        return respond

    def _admit(self, request: Request) -> ExchangeToken:
        """Return whose token a request carries. Raises `TaxiiRefused` (401)."""
        name, secret = _read_authorisation(request.headers.get("authorization", ""))
        if secret:
            with self.context.database.reading() as work:
                found = work.exchange_tokens.find(secret.encode("utf-8", "replace"), name)
            if found is not None:
                return found
        raise TaxiiRefused(401, "A token is needed", CHALLENGE)

    def _call(self, request: Request, token: ExchangeToken, body: bytes) -> TaxiiCall:
        query: dict[str, str] = {}
        for name, value in request.query_params.multi_items():
            if name in query:
                raise TaxiiRefused(400, "A parameter is given twice")
            query[name] = value
        origin = str(request.scope[ORIGIN_KEY].origin)
        return TaxiiCall(token, request.path_params, query, origin, self.context.clock(), body)


def _check_accept(request: Request) -> None:
    """Raise `TaxiiRefused` (406) unless the client takes TAXII 2.1."""
    for part in request.headers.get("accept", "*/*").lower().split(","):
        kind, *parameters = (word.strip() for word in part.split(";"))
        versions = [word for word in parameters if word.startswith("version=")]
        if kind in ("*/*", "application/*", KIND) and versions in ([], ["version=2.1"]):
            return
    raise TaxiiRefused(406, f"The server speaks {MEDIA}")


def _read_authorisation(header: str) -> tuple[str | None, str]:
    """Return the name (None for a token alone) and the secret of a header, an empty secret if it has none."""
    scheme, _, text = header[:_LONGEST_CREDENTIALS].partition(" ")
    if scheme.lower() == "bearer":
        return None, text.strip()
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(text.strip(), validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return None, ""
        return name, secret
    return None, ""


def _describe_query(call: TaxiiCall, collection: TaxiiCollection, shown: str) -> str:
    """Return what a cursor belongs to: the list and its filters, whatever the size of a page."""
    filters = sorted((key, value) for key, value in call.query.items() if key not in ("limit", "next"))
    return repr(("taxii", collection.name, shown, call.path.get("object"), filters))


def _raw(one: CollectionObject) -> msgspec.Raw:
    return msgspec.Raw(one.text.encode("utf-8"))


def _name_version(one: CollectionObject) -> str:
    return one.version


def _describe_entry(one: CollectionObject) -> dict[str, str]:
    return {
        "id": one.id,
        "date_added": added_text(one.added),
        "version": one.version,
        "media_type": STIX_MEDIA,
    }

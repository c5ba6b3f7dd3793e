"""What proxies say about a request has one reading, or the request is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.gate import refusals
from seawall.gate.original_request import read_request
from seawall.gate.settings import GateSettings

NGINX = {
    "x-original-uri": "/mail?id=1",
    "x-original-method": "POST",
    "x-forwarded-proto": "https",
    "host": "app.example",
}
CADDY = {
    "x-forwarded-uri": "/mail?id=1", "x-forwarded-method": "POST", "x-forwarded-proto": "https",
    "x-forwarded-host": "app.example", "host": "gate",
}  # fmt: skip
ENVOY = {"host": "app.example", "x-forwarded-proto": "https"}


def scope(headers: Any, path: str = "/verify", query: str = "", method: str = "GET") -> dict[str, Any]:
    pairs = headers.items() if isinstance(headers, dict) else headers
    return {
        "method": method,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
    }


def read(headers: Any, **more: Any) -> Any:
    settings = more.pop("settings", GateSettings())
    return read_request(scope(headers, **more), settings)


@pytest.mark.parametrize(
    "asked",
    [
        scope(NGINX),
        scope(CADDY),
        scope(ENVOY, "/verify/mail", "id=1", "POST"),
        scope({**NGINX, **CADDY}),
    ],
)
def test_every_proxy_says_the_same(asked: dict[str, Any]) -> None:
    request = read_request(asked, GateSettings())
    assert (request.method, request.scheme, request.host, request.path) == (
        "POST",
        "https",
        "app.example",
        "/mail",
    )
    assert request.url == "https://app.example/mail"


@pytest.mark.parametrize(
    ("headers", "more", "refusal"),
    [
        ({**CADDY, "x-original-uri": "/public"}, {}, refusals.ForwardedConflict),
        ({**NGINX, "x-forwarded-uri": "/public"}, {}, refusals.ForwardedConflict),
        ({**NGINX, "x-forwarded-method": "GET"}, {}, refusals.ForwardedConflict),
        ({**ENVOY, "x-original-uri": "/public"}, {"path": "/verify/admin"}, refusals.ForwardedConflict),
        (
            {**ENVOY, "x-original-method": "GET"},
            {"path": "/verify/a", "method": "POST"},
            refusals.ForwardedConflict,
        ),
        ([*NGINX.items(), ("x-original-uri", "/mail?id=1")], {}, refusals.HeaderRepeated),
        ([*NGINX.items(), ("authorization", "a"), ("authorization", "b")], {}, refusals.HeaderRepeated),
        ([*NGINX.items(), ("host", "other")], {}, refusals.HeaderRepeated),
        ({**NGINX, "x_auth_subject": "root"}, {}, refusals.HeaderAmbiguous),
        ({**NGINX, "x-auth_subject": "root"}, {}, refusals.HeaderAmbiguous),
        ({**NGINX, "x_original_uri": "/public"}, {}, refusals.HeaderAmbiguous),
        ({**NGINX, "x-original-url": "/admin"}, {}, refusals.ForwardedConflict),
        ({**NGINX, "x-rewrite-url": "https://app.example/admin"}, {}, refusals.ForwardedConflict),
        ({**CADDY, "x-rewrite-url": ""}, {}, refusals.ForwardedConflict),
        ({**NGINX, "x_rewrite_url": "/admin"}, {}, refusals.HeaderAmbiguous),
        ({**NGINX, "x-original-method": "get"}, {}, refusals.ForwardedMalformed),
        ({**NGINX, "x-original-method": "GET, POST"}, {}, refusals.ForwardedMalformed),
        ({**NGINX, "x-original-method": ""}, {}, refusals.ForwardedMalformed),
        ({**NGINX, "x-forwarded-proto": "https, http"}, {}, refusals.ForwardedMalformed),
        ({**NGINX, "x-forwarded-proto": "HTTPS"}, {}, refusals.ForwardedMalformed),
        ({**NGINX, "host": "a/b"}, {}, refusals.ForwardedMalformed),
        ({**NGINX, "host": "a@b"}, {}, refusals.ForwardedMalformed),
        ({**NGINX, "x-original-uri": ""}, {}, refusals.ForwardedMalformed),
        ({**NGINX, "x-original-uri": "/a/../b"}, {}, refusals.PathAmbiguous),
        ({**NGINX, "x-original-uri": "/é"}, {}, refusals.PathAmbiguous),
        (ENVOY, {"path": "/verify//x"}, refusals.PathAmbiguous),
        (ENVOY, {"path": "/verifyx"}, refusals.PathAmbiguous),
    ],
)
def test_two_readings_are_refused(headers: Any, more: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        read(headers, **more)


def test_a_proxy_that_says_nothing_leaves_the_path_unknown() -> None:
    request = read({"host": "gate"})
    assert (request.path, request.url) == ("", "")


def test_only_the_guarded_origins_are_asked_about() -> None:
    settings = GateSettings(origins=("https://app.example",))
    assert read(NGINX, settings=settings).origin == "https://app.example"
    assert read({**NGINX, "host": "App.Example:443"}, settings=settings).origin == "https://app.example"
    for headers in (
        {**NGINX, "host": "evil.example"},
        {**NGINX, "x-forwarded-proto": "http"},
        {"x-original-uri": "/"},
    ):
        with pytest.raises(refusals.OriginUnknown):
            read(headers, settings=settings)


def test_a_proxy_may_repeat_the_path_in_headers_that_applications_obey() -> None:
    target = NGINX["x-original-uri"]
    for said in (target, f"https://app.example{target}"):
        assert read({**NGINX, "x-original-url": said}) == read(NGINX)


def test_a_forwarded_method_override_is_noticed() -> None:
    assert read({**NGINX, "x-http-method-override": "DELETE"}).overridden
    assert read({**NGINX, "x_http_method_override": "DELETE"}).overridden
    assert not read(NGINX).overridden


def test_all_proofs_are_kept_so_that_two_can_be_refused() -> None:
    assert read([*NGINX.items(), ("dpop", "a"), ("dpop", "b")]).proofs == (b"a", b"b")


def test_a_certificate_is_taken_from_the_named_header_alone() -> None:
    settings = GateSettings(certificate_header="X-Client-Certificate")
    asked = {**NGINX, "x-client-certificate": ":MIIB:"}
    assert read(asked, settings=settings).certificate == b":MIIB:"
    assert read(asked).certificate is None
    assert read({**NGINX, "x-client-certificate": ""}, settings=settings).certificate is None
    with pytest.raises(refusals.HeaderRepeated):
        read([*asked.items(), ("x-client-certificate", "x")], settings=settings)
    with pytest.raises(refusals.HeaderAmbiguous):
        read({**NGINX, "x_client_certificate": "x"}, settings=settings)


NAMES = st.sampled_from(
    ["x-original-uri", "x-original-method", "x-forwarded-uri", "x-forwarded-method", "x-forwarded-proto", "host",
     "x-forwarded-host", "authorization", "dpop", "x_auth_subject", "x-client-certificate", "accept"]
)  # fmt: skip


@given(
    st.lists(st.tuples(NAMES, st.text(st.characters(max_codepoint=255), max_size=30)), max_size=8),
    st.text(max_size=20),
)
def test_anything_is_read_or_refused(headers: list[tuple[str, str]], rest: str) -> None:
    asked = scope(headers)
    asked["raw_path"] += rest.encode("utf-8", "surrogatepass")
    try:
        request = read_request(asked, GateSettings(certificate_header="X-Client-Certificate"))
    except refusals.GateRefusal:
        return
    assert request.path == "" or request.path.startswith("/")


@pytest.mark.parametrize(
    ("headers", "settings", "detail"),
    [
        ([*NGINX.items(), ("host", "b")], GateSettings(), "host"),
        ({**NGINX, "x_auth_subject": "root"}, GateSettings(), "x_auth_subject"),
        (NGINX, GateSettings(origins=("https://other.example",)), "https://app.example"),
    ],
)
def test_a_refusal_says_to_the_log_what_it_is_about(
    headers: Any, settings: GateSettings, detail: str
) -> None:
    with pytest.raises(refusals.GateRefusal) as refused:
        read(headers, settings=settings)
    assert refused.value.detail == detail

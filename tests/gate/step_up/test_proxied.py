"""The snippets of docs/how-to/step-up.md in a real nginx and a real Caddy: step-up through the proxy, to the application."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.gate import proxies
from tests.gate.gates import running
from tests.gate.proxies import Proxy, Reply, snippet
from tests.gate.step_up.device import Device
from tests.gate.step_up.test_gate_step_up import SETTINGS, invitation
from tests.gate.test_proxies import needs

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "step-up.md"
Start = Callable[[Path, int, str], AbstractContextManager[Proxy]]
STARTS: dict[str, tuple[Start, str]] = {
    "nginx": (proxies.nginx, "nginx"),
    "caddy": (proxies.caddy, "caddyfile"),
}


ORIGIN = "http://localhost"


def post(proxy: Proxy, name: str, token: str, fields: Any, *headers: str) -> Reply:
    said = (f"Authorization: Bearer {token}", "Content-Type: application/json", f"Origin: {ORIGIN}", *headers)
    return proxy.send(
        f"/step-up/{name}", *said, method="POST", body=json.dumps(fields).encode(), host="localhost"
    )


@pytest.mark.parametrize("name", STARTS)
def test_step_up_through_a_proxy(name: str, tmp_path: Path) -> None:
    needs(name)
    start, language = STARTS[name]
    settings = SETTINGS.replace("https://app.example", ORIGIN).replace("app.example", "localhost")
    with running(tmp_path / "gate", settings) as gate:
        inside = snippet(language, PAGE).replace("127.0.0.1:8087", f"127.0.0.1:{gate.port}")
        with start(tmp_path / name, gate.port, inside) as proxy:
            token = gate.issuer.token(sid="s1", sub="ann")
            bearer = f"Authorization: Bearer {token}"
            assert proxy.send("/admin/users", bearer, host="localhost").status == 401
            assert b"Confirm that it is you" in proxy.send("/step-up/", host="localhost").body
            device, code = Device("localhost"), invitation(gate, "ann")
            asked = json.loads(post(proxy, "register/passkey/ask", token, {"invitation": code}).body)
            answer = {
                "invitation": code,
                "ceremony": asked["ceremony"],
                "credential": device.create(asked["options"], ORIGIN),
            }
            assert post(proxy, "register/passkey/answer", token, answer).status == 200
            fields = {"path": "/admin/users"}
            lies = (
                "X-Original-URI: /elsewhere",
                "X-Forwarded-Uri: /elsewhere",
                "X-Forwarded-Host: evil.example",
            )
            asked = json.loads(post(proxy, "passkey/ask", token, fields, *lies).body)
            answer = {"ceremony": asked["ceremony"], "credential": device.get(asked["options"], ORIGIN)}
            assert json.loads(post(proxy, "passkey/answer", token, answer).body)["acr"] == "phr"
            assert proxy.send("/admin/users", bearer, host="localhost").got()["path"] == "/admin/users"
            assert proxy.send("/pay", bearer, host="localhost").status == 401
            assert len(proxy.app.seen) == 1  # nothing of the ceremony reached the application

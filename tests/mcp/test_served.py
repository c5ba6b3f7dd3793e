"""`seawall serve --mcp` as a program: the tools are a route of the console, on its port and on no other."""

from __future__ import annotations

import re
from pathlib import Path

import anyio
import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from seawall.mcp.call_audit import ACTION
from seawall.storage.location import open_store
from tests.console.test_serving import serving
from tests.mcp.test_store import fill


def test_the_tools_are_served_on_the_consoles_port(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", make=True) as store:
        fill(store)

    async def ask(url: str) -> tuple[int, str]:
        async with httpx2.AsyncClient() as http:
            refused = await http.post(f"{url}/api/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
            token = (await http.get(f"{url}/api/session")).json()["csrf_token"]
        headers = {"x-seawall-csrf": token}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(f"{url}/api/mcp", http_client=http)) as client,
        ):
            answer = await client.call_tool("incidents", {})
        assert not answer.is_error
        assert isinstance(answer.structured_content, dict)
        return refused.status_code, str(answer.structured_content["incidents"]["items"][0]["id"])

    with serving(tmp_path, "--mcp") as running:
        assert anyio.run(ask, f"http://127.0.0.1:{running.port}") == (403, f"{0:012x}")
        assert _list_ports(running.process.pid) == {running.port}
        assert running.end() == 0
    with open_store(tmp_path / "store") as store, store.database.reading() as work:
        calls = [entry for entry in work.audit.page() if entry.action == ACTION]
        assert [(entry.actor, entry.subject) for entry in calls] == [("local", "incidents")]


def _list_ports(process: int) -> set[int]:
    """Return the TCP ports that a process listens on."""
    own = {path.readlink().name for path in Path(f"/proc/{process}/fd").iterdir()}
    sockets = {found[1] for name in own if (found := re.fullmatch(r"socket:\[(\d+)\]", name))}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    return {int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == "0A" and line[9] in sockets}

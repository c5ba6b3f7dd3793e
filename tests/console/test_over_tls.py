"""The way a team comes in: a real Chromium, TLS with HTTP/2, the console's name, a passkey, and the stream of news."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browsing import CHROMIUM
from tests.console.test_serving import certificate, serving

playwright_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
NAME = "seawall.example"

BEGIN = """async code => {
  const session = await (await fetch('/api/session')).json();
  const headers = {'Content-Type': 'application/json', 'X-Seawall-CSRF': session.csrf_token};
  const post = (path, body) => fetch(path, {method: 'POST', headers, body: JSON.stringify(body)});
  const asked = await (await post('/api/setup/passkey/options', {code, name: 'Ann'})).json();
  const made = await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked)});
  const answer = await post('/api/setup', {code, name: 'Ann', credential: made.toJSON()});
  return [answer.status, (await answer.json()).user];
}"""
AGAIN = """async () => {
  let session = await (await fetch('/api/session')).json();
  const post = (path, body) => fetch(path, {
    method: 'POST', body: JSON.stringify(body),
    headers: {'Content-Type': 'application/json', 'X-Seawall-CSRF': session.csrf_token},
  });
  await post('/api/sign-out', {});
  session = await (await fetch('/api/session')).json();
  const nobody = session.user;
  const asked = await (await post('/api/sign-in/passkey/options', {})).json();
  const used = await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked)});
  const answer = await post('/api/sign-in/passkey', {credential: used.toJSON()});
  return [nobody, answer.status, (await answer.json()).user];
}"""
NEWS = """() => new Promise((resolve, reject) => {
  const source = new EventSource('/api/stream');
  source.addEventListener('summary', message => { source.close(); resolve(JSON.parse(message.data).empty); });
  source.onerror = () => reject(new Error('the stream broke'));
})"""
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.mark.browser
def test_a_team_comes_in_by_name_over_tls_with_passkeys(tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here (tools/ensure_chromium.sh installs it where it can)")
    files = certificate(tmp_path)
    more = ["--host", NAME, "--certificate", str(files.chain), "--key", str(files.key)]
    rules = ["--no-sandbox", f"--host-resolver-rules=MAP {NAME} 127.0.0.1", "--ignore-certificate-errors"]
    ann = {"id": 1, "name": "Ann", "role": "admin", "organisations": None}
    with serving(tmp_path, *more) as running, playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=rules)
        context = browser.new_context(ignore_https_errors=True)
        page: Any = context.new_page()
        tools = context.new_cdp_session(page)
        tools.send("WebAuthn.enable")
        tools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        page.goto(running.said["address"])
        assert page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
        assert page.evaluate(BEGIN, running.said["setup_code"]) == [200, ann]
        (cookie,) = context.cookies()
        assert cookie["name"] == "__Host-seawall"
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
        assert page.evaluate("document.cookie") == ""
        assert page.evaluate(AGAIN) == [None, 200, ann]
        assert page.evaluate(NEWS) is True
        browser.close()
        assert running.end() == 0

"""Getting in, in a real browser: set-up, passkeys, passwords with one-time codes, invites, sessions, roles."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pyotp
import pytest
import qrcode
from playwright.sync_api import Browser, BrowserContext, Page, expect

from seawall.storage.location import open_store

from .serving import BUNDLE, Served, Watched, authenticator, axe_faults, opened, serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not BUNDLE.exists(), reason="the console's pages are not built (make console)"),
]

PASSWORD = "low tide at the north pier"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    store = tmp_path_factory.mktemp("doors") / "store"
    open_store(store, make=True).close()
    with serving(store, "--sign-in", "--no-watch") as one:
        yield one


class Admin:
    """The first admin, in a browser that holds their passkey."""

    def __init__(self, context: BrowserContext, page: Page, seen: Watched) -> None:
        self.context, self.page, self.seen = context, page, seen


@pytest.fixture(scope="module")
def admin(browser: Browser, served: Served) -> Iterator[Admin]:
    """Made with the code that `serve` said, and a passkey."""
    context, page, seen = opened(browser)
    authenticator(context, page)
    page.goto(served.address)
    expect(page.get_by_role("heading", name="Set up Seawall")).to_be_visible()
    assert axe_faults(page) == []
    page.get_by_label("Code").fill(served.setup_code or "")
    page.get_by_label("Your name here").fill("rosa")
    page.get_by_role("button", name="Make a passkey and begin").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    yield Admin(context, page, seen)
    context.close()


def invited(admin: Admin, served: Served, name: str, role: str) -> str:
    """A new user's invite."""
    page = admin.page
    page.goto(f"{served.address}/settings?part=users")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Role", exact=True).select_option(role)
    page.get_by_role("button", name="Add and invite").click()
    dialog = page.get_by_role("dialog", name="An invite, shown this once")
    code = dialog.locator(".secret").inner_text()
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_text("invited until")).to_be_visible()
    return code


def begun(page: Page, served: Served, code: str) -> None:
    """Take up an invite with a password."""
    page.goto(f"{served.address}/setup")
    page.get_by_label("Invite").fill(code)
    page.get_by_role("button", name="Password", exact=True).click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin", exact=True).click()


def drawn(page: Page) -> list[list[bool]]:
    """The QR code on the page, as modules."""
    box = page.locator("svg.qr").get_attribute("viewBox") or ""
    size = int(box.split()[2])
    dark = {
        (int(x), int(y))
        for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", page.locator("svg.qr path").get_attribute("d") or "")
    }
    return [[(x, y) in dark for x in range(size)] for y in range(size)]


def test_passkey_signs_out_and_in(admin: Admin, served: Served) -> None:
    page = admin.page
    page.goto(f"{served.address}/accounts?q=amira")
    page.get_by_role("button", name="rosa, admin").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert axe_faults(page) == []
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Accounts", level=1)).to_be_visible()
    assert page.url == f"{served.address}/accounts?q=amira"  # back where one was


def test_password_wants_a_second_factor_and_then_its_code(
    browser: Browser, admin: Admin, served: Served
) -> None:
    code = invited(admin, served, "tomas", "analyst")
    context, page, seen = opened(browser)
    begun(page, served, code)
    expect(page.get_by_text("A password alone is not enough here")).to_be_visible()
    page.goto(f"{served.address}/search")
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()  # nothing else opens yet
    page.get_by_role("button", name="Set up").click()
    secret = page.locator(".secret").inner_text()
    uri = page.get_by_role("link", name="Open an app").get_attribute("href") or ""
    assert pyotp.parse_uri(uri).secret == secret
    modules = drawn(page)
    wanted = qrcode.QRCode(
        version=(len(modules) - 17) // 4,
        error_correction=qrcode.constants.ERROR_CORRECT_L,
        border=0,
        mask_pattern=0,
    )
    # Mode 4: bytes.
    wanted.add_data(qrcode.util.QRData(uri.encode(), mode=4))
    wanted.make(fit=False)
    assert modules == wanted.get_matrix()
    maker = pyotp.TOTP(secret)
    page.get_by_label("The code that it shows").fill(maker.at(time.time() - 30))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("A password alone is not enough here")).to_have_count(0)
    page.get_by_role("button", name="tomas, analyst").click()
    page.get_by_role("menuitem", name="Sign out").click()

    page.get_by_role("button", name="Sign in with a password").click()
    page.get_by_label("Name").fill("tomas")
    page.get_by_label("Password").fill("not this one at all")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    field = page.get_by_label("One-time code")
    expect(field).to_be_focused()
    field.fill(maker.now())
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)  # an analyst is no admin
    page.goto(f"{served.address}/audit")
    expect(page.get_by_role("heading", name="The trail is for admins")).to_be_visible()
    page.goto(f"{served.address}/settings?part=users")
    expect(page.get_by_role("button", name="Users")).to_have_count(0)
    assert seen.faults == []
    assert seen.hosts == {served.address.removeprefix("http://")}
    context.close()


def test_used_invite_opens_nothing(browser: Browser, admin: Admin, served: Served) -> None:
    code = invited(admin, served, "ines", "viewer")
    first, page, _ = opened(browser)
    begun(page, served, code)
    expect(page.get_by_text("A password alone is not enough here")).to_be_visible()
    second, other, _ = opened(browser)
    begun(other, served, code)
    expect(other.get_by_role("alert")).to_be_visible()
    expect(other.get_by_role("heading", name="Begin with an invite")).to_be_visible()
    first.close()
    second.close()


def test_admin_ends_sessions_and_disables(browser: Browser, admin: Admin, served: Served) -> None:
    code = invited(admin, served, "<b>eve</b>", "viewer")
    context, page, _ = opened(browser)
    begun(page, served, code)
    expect(page.get_by_text("A password alone is not enough here")).to_be_visible()
    admin.page.reload()
    admin.page.get_by_role("button", name="Disable <b>eve</b>").click()
    expect(admin.page.get_by_text("disabled", exact=True)).to_be_visible()
    expect(admin.page.get_by_text("<b>eve</b>")).to_be_visible()  # a name is text
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    context.close()


def test_collector_token_is_shown_once(admin: Admin, served: Served) -> None:
    page = admin.page
    page.goto(f"{served.address}/settings?part=tokens")
    page.get_by_label("Name of the collector").fill("pier <i>1")
    page.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog", name="A token, shown this once")
    token = dialog.locator(".secret").first.inner_text()
    assert token.startswith("seawall_")
    command = dialog.locator(".secret").nth(1).inner_text()
    assert f"Authorization: Bearer {token}" in command
    assert f"{served.address}/api/ingest" in command
    assert axe_faults(page) == []
    dialog.get_by_role("button", name="Close").click()
    page.reload()
    expect(page.get_by_text("pier <i>1")).to_be_visible()
    assert token not in page.content()
    page.get_by_role("button", name="Revoke the token pier <i>1").click()
    expect(page.get_by_text("revoked", exact=True)).to_be_visible()


def test_second_passkey_is_added_and_removed(admin: Admin, served: Served) -> None:
    page = admin.page
    page.goto(f"{served.address}/settings")
    expect(page.get_by_role("heading", name="Passkeys")).to_be_visible()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("has a passkey of yours already")
    authenticator(admin.context, page, "usb")
    page.get_by_label("Name of a new one").fill("spare key")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Remove the passkey spare key").click()
    expect(page.get_by_text("spare key")).to_have_count(0)


def test_trail_is_whole_and_readable_by_keyboard(admin: Admin, served: Served) -> None:
    page = admin.page
    page.goto(f"{served.address}/audit")
    expect(page.get_by_role("heading", name="The chain is whole")).to_be_visible()
    grid = page.get_by_role("grid", name="Audit trail, newest first")
    grid.get_by_role("row").nth(1).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Entry 1")
    expect(dialog).to_contain_text("setup")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert axe_faults(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("part", ["me", "console", "users", "tokens", "channels"])
def test_settings_are_accessible(admin: Admin, served: Served, part: str, dark: bool) -> None:
    page = admin.page
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.goto(f"{served.address}/settings?part={part}")
    page.locator(".panel").first.wait_for()
    assert axe_faults(page) == []
    page.emulate_media(color_scheme="light")


def test_nothing_went_wrong_unseen(admin: Admin, served: Served) -> None:
    """Last on purpose: everything that the admin's page did."""
    assert admin.seen.faults == []
    assert admin.seen.hosts == {served.address.removeprefix("http://")}

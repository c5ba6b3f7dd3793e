"""The page in a real browser: silent, no requests, nothing executed, keyboard and narrow screens work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seawall.report.incident_page import write_report
from seawall.report.input import ReportInput

from .samples import hostile, report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

pytestmark = pytest.mark.browser


class Seen:
    """What the page did that it should not."""

    def __init__(self, page: Page) -> None:
        self.messages: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self.requests.append(request.url))

    def _dialog(self, dialog: Dialog) -> None:
        self.messages.append(dialog.message)
        dialog.dismiss()


def opened(
    browser: Browser,
    folder: Path,
    made: ReportInput,
    *,
    dark: bool = False,
    width: int = 1440,
    script: bool = True,
) -> tuple[Page, Seen]:
    path = folder / "report.html"
    write_report(path, made)
    page = browser.new_context(
        color_scheme="dark" if dark else "light",
        viewport={"width": width, "height": 900},
        java_script_enabled=script,
    ).new_page()
    seen = Seen(page)
    page.goto(path.as_uri())
    return page, seen


@pytest.mark.parametrize("width", [390, 820, 1440])
@pytest.mark.parametrize("dark", [False, True])
def test_hostile_page_is_silent_and_fits(browser: Browser, tmp_path: Path, dark: bool, width: int) -> None:
    page, seen = opened(browser, tmp_path, hostile(), dark=dark, width=width)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    page.wait_for_timeout(150)
    assert seen.messages == []
    assert seen.requests == [(tmp_path / "report.html").as_uri()]
    assert page.evaluate("typeof window.__pwned") == "undefined"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("body img, body iframe").count() == 0
    page.context.close()


def test_the_policy_stops_what_slips_through(browser: Browser, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path, report())
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.__pwned=1\">')")
    page.wait_for_timeout(150)
    assert page.evaluate("typeof window.__pwned") == "undefined"
    page.context.close()


def test_keyboard(browser: Browser, tmp_path: Path) -> None:
    page, seen = opened(browser, tmp_path, report())
    focused = "document.activeElement.closest('.incident')?.id"
    is_open = "document.activeElement.closest('details').open"
    for key, where in (("j", 1), ("j", 2), ("j", 3), ("j", 3), ("k", 2)):
        page.keyboard.press(key)
        assert page.evaluate(focused) == f"incident-inc-{where:04d}-7f3a"
    assert page.evaluate(is_open) is False
    page.keyboard.press("Enter")
    assert page.evaluate(is_open) is True
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    assert seen.messages == []
    page.context.close()


def test_filter_theme_and_fragment(browser: Browser, tmp_path: Path) -> None:
    page, seen = opened(browser, tmp_path, report())
    page.keyboard.press("/")
    page.keyboard.type("PERSON2 romania")
    assert page.locator(".incident:visible").count() == 1
    assert page.locator("#filtered").inner_text() == "1 of 3 incidents match"
    page.keyboard.press("Escape")
    assert page.locator(".incident:visible").count() == 3
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.evaluate("location.hash = '#incident-inc-0003-7f3a'")
    page.wait_for_function("document.querySelector('#incident-inc-0003-7f3a details').open")
    assert seen.messages == []
    page.context.close()


def test_the_page_reads_without_script(browser: Browser, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path, report(), script=False)
    assert page.get_by_text("3 incidents to look at").is_visible()
    assert page.locator(".incident").nth(1).locator(".evidence").is_hidden()
    second = page.locator(".incident").nth(1)
    second.locator("summary").first.click()
    assert second.get_by_text("What to do now").is_visible()
    assert second.locator(".evidence").is_hidden()
    second.locator("summary", has_text="Evidence and severity").click()
    assert second.locator(".evidence").is_visible()
    assert page.locator("#theme").is_hidden()
    page.context.close()


CONTRAST = """
() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const shares = [0.2126, 0.7152, 0.0722];
  const light = (c) => shares.reduce((sum, share, i) => sum + share * linear(c[i] / 255), 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c[3] === 255) return c;
    }
    return [255, 255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    if (element.closest("script, .visually-hidden, .skip, svg")) continue;
    const pair = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    const [a, b] = pair.sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) low.push(`${element.className || element.tagName} ${ratio.toFixed(2)}`);
  }
  return low;
}
"""


@pytest.mark.parametrize("dark", [False, True])
def test_contrast_is_enough_for_aa(browser: Browser, tmp_path: Path, dark: bool) -> None:
    page, _ = opened(browser, tmp_path, report(4), dark=dark)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert page.evaluate(CONTRAST) == []
    page.context.close()


def test_print_shows_every_incident(browser: Browser, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path, report())
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".incident > details[open]").count() == 1
    page.context.close()

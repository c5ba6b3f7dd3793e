"use strict";
/* Adds moving, filtering, copying and the theme. The page is complete without it. Text only: nothing here builds markup. */
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  const one = (selector, within = document) => within.querySelector(selector);
  const incidents = all(".incident");
  const say = (text) => { one("#said").textContent = text; };

  all("[hidden]").filter((part) => part.id !== "keys").forEach((part) => { part.hidden = false; });

  const memory = {
    get() { try { return localStorage.getItem("seawall-theme"); } catch { return null; } },
    set(value) { try { localStorage.setItem("seawall-theme", value); } catch { /* a page from disk may have none */ } },
  };
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const label = () => { one("#theme").textContent = isDark() ? "Light" : "Dark"; };
  const toggle = () => { root.dataset.theme = isDark() ? "light" : "dark"; memory.set(root.dataset.theme); label(); };
  if (["light", "dark"].includes(memory.get())) root.dataset.theme = memory.get();
  label();
  one("#theme").addEventListener("click", toggle);

  const help = () => {
    const keys = one("#keys");
    keys.hidden = !keys.hidden;
    one("#help").setAttribute("aria-expanded", String(!keys.hidden));
  };
  one("#help").addEventListener("click", help);

  const shown = () => incidents.filter((incident) => !incident.hidden);
  const here = () => shown().findIndex((incident) => incident.contains(document.activeElement));
  const move = (step) => {
    const list = shown();
    if (!list.length) return;
    const next = list[Math.max(0, Math.min(list.length - 1, here() < 0 ? 0 : here() + step))];
    one("summary", next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "start" });
  };

  const copy = async (button) => {
    const source = one("pre", button.parentElement);
    try {
      await navigator.clipboard.writeText(source.textContent);
      say("Copied");
      button.textContent = "Copied";
    } catch {
      /* A page from disk may not use the clipboard: select the text, so that one keystroke copies it. */
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2500);
  };
  all(".copy").forEach((button) => button.addEventListener("click", () => copy(button)));

  const filter = one("#filter");
  const haystacks = new Map();
  const apply = () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    incidents.forEach((incident) => {
      if (!haystacks.has(incident)) haystacks.set(incident, incident.textContent.toLowerCase());
      incident.hidden = !wanted.every((word) => haystacks.get(incident).includes(word));
    });
    one("#filtered").textContent = wanted.length ? `${shown().length} of ${incidents.length} incidents match` : "";
  };
  filter?.addEventListener("input", apply);

  const openTarget = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const fold = target && one("details", target);
    if (fold) { fold.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    t: toggle,
    "?": help,
    "/": () => filter?.focus(),
    c: () => {
      const incident = shown()[here()];
      if (!incident) return;
      one("details", incident).open = true;
      one(".words", incident).open = true;
      copy(one(".words .copy", incident));
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input")) {
      if (event.key === "Escape") { filter.value = ""; apply(); filter.blur(); }
      return;
    }
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  /* On paper every incident is open; afterwards as before. */
  let closed = [];
  addEventListener("beforeprint", () => { closed = all("details:not([open])"); closed.forEach((fold) => { fold.open = true; }); });
  addEventListener("afterprint", () => closed.forEach((fold) => { fold.open = false; }));
})();

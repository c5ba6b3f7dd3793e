/** The theme: light, dark or the system's, stored in this browser. */
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
const NAME = "seawall-theme";
const changed = new EventTarget();

function stored(): Theme {
  try {
    const value = localStorage.getItem(NAME);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

function show(theme: Theme): void {
  if (theme === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme);
}

/** Apply the stored theme before the first paint. */
export function showStoredTheme(): void {
  show(stored());
}

export function setTheme(theme: Theme): void {
  try {
    localStorage.setItem(NAME, theme);
  } catch {
    // Private windows may forbid storage; then the choice lasts only as long as the page.
  }
  show(theme);
  changed.dispatchEvent(new Event("change"));
}

const asShown = (): Theme => {
  const value = document.documentElement.getAttribute("data-theme");
  return value === "light" || value === "dark" ? value : "system";
};

export function useTheme(): Theme {
  return useSyncExternalStore((heard) => {
    changed.addEventListener("change", heard);
    return () => changed.removeEventListener("change", heard);
  }, asShown);
}

const darkQuery = "(prefers-color-scheme: dark)";

/** Return whether dark colours are shown now, for drawings on a canvas. */
export function useIsDark(): boolean {
  const theme = useTheme();
  const systemIsDark = useSyncExternalStore(
    (heard) => {
      const query = window.matchMedia(darkQuery);
      query.addEventListener("change", heard);
      return () => query.removeEventListener("change", heard);
    },
    () => window.matchMedia(darkQuery).matches,
  );
  return theme === "system" ? systemIsDark : theme === "dark";
}

/** Routing. Path, filters and selection are stored only in the URL. */
import { useCallback, useSyncExternalStore } from "react";
import { herePath, withBase } from "./base";

const changed = new EventTarget();

function subscribe(heard: () => void): () => void {
  window.addEventListener("popstate", heard);
  changed.addEventListener("change", heard);
  return () => {
    window.removeEventListener("popstate", heard);
    changed.removeEventListener("change", heard);
  };
}

const here = () => herePath() + window.location.search;

/** Navigate to a URL of the console. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (to === here()) return;
  if (options.replace) window.history.replaceState(null, "", withBase(to));
  else window.history.pushState(null, "", withBase(to));
  changed.dispatchEvent(new Event("change"));
}

/** Return path and parameters; the component renders again when they change. */
export function useRoute(): { path: string; parameters: URLSearchParams } {
  const text = useSyncExternalStore(subscribe, here);
  const [path = "/", search = ""] = text.split("?", 2);
  return { path, parameters: new URLSearchParams(search) };
}

/** Return the URL with changed parameters: null or "" removes one, a list repeats it. */
export function withParameters(changes: Record<string, string | readonly string[] | null | undefined>): string {
  const parameters = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(changes)) {
    parameters.delete(name);
    if (value === null || value === undefined || value === "") continue;
    for (const one of typeof value === "string" ? [value] : value) parameters.append(name, one);
  }
  const text = parameters.toString();
  return text ? `${herePath()}?${text}` : herePath();
}

/** Use one parameter as state. A change replaces the history entry; `{push: true}` adds one. */
export function useParameter(name: string, otherwise = ""): [string, (value: string | null, options?: { push?: boolean }) => void] {
  const { parameters } = useRoute();
  const set = useCallback(
    (value: string | null, options: { push?: boolean } = {}) =>
      navigate(withParameters({ [name]: value === otherwise ? null : value }), { replace: !options.push }),
    [name, otherwise],
  );
  return [parameters.get(name) ?? otherwise, set];
}

export const incidentAddress = (id: string) => `/incidents/${encodeURIComponent(id)}`;

export const campaignAddress = (id: string) => `/campaigns/${encodeURIComponent(id)}`;

export const tenantAddress = (tenant: string) => `/?${new URLSearchParams({ tenant }).toString()}`;

export const accountAddress = (tenant: string, account: string) =>
  `/account?${new URLSearchParams({ tenant, account }).toString()}`;

export const searchAddress = (q: string) => `/search?${new URLSearchParams({ q }).toString()}`;

const PLACE = "seawall-place";

/** Store a URL in this tab, to return to after signing in at another site. */
export function rememberPlace(place: string | null): void {
  try {
    if (place === null) sessionStorage.removeItem(PLACE);
    else sessionStorage.setItem(PLACE, place);
  } catch {
    // Without storage, the user returns to the queue.
  }
}

/** Return and delete the stored URL. */
export function rememberedPlace(): string | null {
  try {
    const place = sessionStorage.getItem(PLACE);
    sessionStorage.removeItem(PLACE);
    return place;
  } catch {
    return null;
  }
}

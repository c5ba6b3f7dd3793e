/**
 * Where this console's pages begin. A dropped export has pages of its own below `/drop/ID`: the same pages over its own
 * store. Everything else names addresses without the base; only the browser's address and requests have it.
 */
export const BASE = /^\/drop\/[0-9a-f]{16}(?=\/|$)/.exec(window.location.pathname)?.[0] ?? "";

/** Return an address of this console as the browser needs it. */
export const withBase = (address: string): string => (address.startsWith("/") ? BASE + address : address);

/** Return the present path without the base. */
export function herePath(): string {
  const path = window.location.pathname.slice(BASE.length);
  return path === "" ? "/" : path;
}

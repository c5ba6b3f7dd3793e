/**
 * Keyboard shortcuts: single keys and two-key sequences (`g q`), disabled while the user types or a dialog is open.
 */
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Binding {
  /** For example `j`, `Enter`, `?` or `g q`; `mod+k` is Control or Command. */
  keys: string;
  label: string;
  group: "Go to" | "Queue" | "Incident" | "Page" | "Anywhere";
  run: (event: KeyboardEvent) => void;
  /** Not in the palette, because it makes sense only as a key. */
  isKeyOnly?: boolean;
}

interface Layer {
  bindings: () => readonly Binding[];
}

const layers: Layer[] = [];
const changed = new EventTarget();
const SEQUENCE_MILLISECONDS = 1200;
const OFF = "seawall-keys-off";
let begun: { key: string; until: number } | null = null;

/** Bind keys while the component is mounted; the latest binding takes precedence. */
export function useKeys(bindings: readonly Binding[], active = true): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  useEffect(() => {
    if (!active) return undefined;
    const layer: Layer = { bindings: () => latest.current };
    layers.push(layer);
    changed.dispatchEvent(new Event("change"));
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      changed.dispatchEvent(new Event("change"));
    };
  }, [active]);
}

/** Return all present bindings, innermost first, each sequence once. */
export function boundKeys(): Binding[] {
  const seen = new Set<string>();
  return [...layers]
    .reverse()
    .flatMap((layer) => [...layer.bindings()])
    .filter((binding) => !seen.has(binding.keys) && seen.add(binding.keys));
}

/** Enable or disable single-key shortcuts, which speech input triggers by accident. */
export function setSingleKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  } catch {
    // Without storage the choice lasts only as long as the page.
  }
  changed.dispatchEvent(new Event("change"));
}

function singleKeysAreOn(): boolean {
  try {
    return localStorage.getItem(OFF) === null;
  } catch {
    return true;
  }
}

export function useSingleKeys(): boolean {
  return useSyncExternalStore((heard) => {
    changed.addEventListener("change", heard);
    return () => changed.removeEventListener("change", heard);
  }, singleKeysAreOn);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea, select")) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit", "range"].includes(target.type);
}

/** Return whether a control has the focus, which then gets Enter and space. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, [role=option], [role=menuitem], [role=tab], summary") !== null;
}

function pressed(event: KeyboardEvent): string {
  const isMod = event.ctrlKey || event.metaKey;
  return isMod ? `mod+${event.key.toLowerCase()}` : event.key;
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const key = pressed(event);
  const isMod = key.startsWith("mod+");
  if (!isMod && (isTyping(event.target) || !singleKeysAreOn())) return;
  if (!isMod && document.querySelector("[role=dialog], [role=alertdialog], [role=menu], [role=listbox][data-popover]")) return;
  if (key === "Enter" && isControl(event.target)) return;
  const before = begun !== null && begun.until > event.timeStamp ? begun.key : null;
  begun = null;
  const bindings = boundKeys();
  const found = bindings.find((one) => one.keys === (before === null ? key : `${before} ${key}`));
  if (found) {
    event.preventDefault();
    found.run(event);
    return;
  }
  if (bindings.some((one) => one.keys.startsWith(`${key} `))) begun = { key, until: event.timeStamp + SEQUENCE_MILLISECONDS };
}

/** Start listening for keys, once for the life of the page. */
export function startKeyboard(): void {
  window.addEventListener("keydown", onKeyDown);
}

/** The time zone of charts: UTC unless the user chose the local zone, stored in this browser. */
import { useSyncExternalStore } from "react";
import type { Zone } from "../charts/time";

const NAME = "seawall-zone";
const changed = new EventTarget();

function stored(): Zone {
  try {
    return localStorage.getItem(NAME) === "local" ? "local" : "UTC";
  } catch {
    return "UTC";
  }
}

let zone = stored();

export function setZone(next: Zone): void {
  zone = next;
  try {
    if (next === "UTC") localStorage.removeItem(NAME);
    else localStorage.setItem(NAME, next);
  } catch {
    // Without storage the choice lasts only as long as the page.
  }
  changed.dispatchEvent(new Event("change"));
}

export function useZone(): Zone {
  return useSyncExternalStore(
    (heard) => {
      changed.addEventListener("change", heard);
      return () => changed.removeEventListener("change", heard);
    },
    () => zone,
  );
}

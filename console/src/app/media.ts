/** Return whether a media query matches now. */
import { useCallback, useSyncExternalStore } from "react";

/** Width from which the queue shows list and incident side by side. */
export const SIDE_BY_SIDE = "(min-width: 1100px)";

export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (heard: () => void) => {
      const list = window.matchMedia(query);
      list.addEventListener("change", heard);
      return () => list.removeEventListener("change", heard);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => window.matchMedia(query).matches);
}

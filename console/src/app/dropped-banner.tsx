/** Say on each page of a dropped export that it is one, and lead back. */
import { useEffect, useState } from "react";
import { getOutside } from "../api/client";
import type { DroppedExport } from "../api/types";
import { plural } from "../words/numbers";
import { BASE } from "./base";
import "./drop-zone.css";

export function DroppedBanner() {
  const [shown, setShown] = useState<DroppedExport | null>(null);
  useEffect(() => {
    if (BASE === "") return undefined;
    const aborting = new AbortController();
    getOutside<DroppedExport>(`/api/drops/${BASE.slice("/drop/".length)}`, aborting.signal)
      .then(setShown)
      .catch(() => undefined);
    return () => aborting.abort();
  }, []);
  if (BASE === "") return null;
  const read = shown === null ? "" : `: ${plural(shown.records, "record")}${shown.problems > 0 ? `, ${plural(shown.problems, "problem")}` : ""}`;
  return (
    <aside className="dropped-banner" aria-label="Dropped export">
      <p>
        This is <b className="log-text">{shown?.name ?? "a dropped export"}</b> by itself{read}. It is kept until you close it or Seawall ends.
      </p>
      <a className="button button-small" href="/read">
        What was read, and close it
      </a>
      <a className="button button-small" href="/">
        Back to your results
      </a>
    </aside>
  );
}

/** Changes since the list was read: new incidents wait behind a button, changed ones are updated in place. */
import { useEffect, useRef, useState } from "react";
import { get } from "../../api/client";
import { listen } from "../../api/stream";
import type { Incident, IncidentNews } from "../../api/types";

export interface News {
  waiting: ReadonlySet<string>;
  clear: () => void;
}

/**
 * Track news. `isShown`: the list contains it; `isWanted`: the filters match it; `onChanged`: gets a shown, changed
 * incident.
 */
export function useNews(
  isShown: (id: string) => boolean,
  isWanted: (news: IncidentNews) => boolean,
  onChanged: (incident: Incident) => void,
): News {
  const [waiting, setWaiting] = useState<ReadonlySet<string>>(new Set());
  const latest = useRef({ isShown, isWanted, onChanged });
  latest.current = { isShown, isWanted, onChanged };

  useEffect(() => {
    const changed = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const aborting = new AbortController();
    const readChanged = () => {
      timer = undefined;
      for (const id of changed) {
        get<Incident>(`/api/incidents/${encodeURIComponent(id)}`, {}, aborting.signal)
          .then((incident) => latest.current.onChanged(incident))
          .catch(() => undefined);
      }
      changed.clear();
    };
    const deaf = listen({
      incident: (news) => {
        if (latest.current.isShown(news.id)) {
          if (changed.size < 20) changed.add(news.id);
          timer ??= setTimeout(readChanged, 400);
        } else if (latest.current.isWanted(news)) setWaiting((was) => new Set(was).add(news.id));
      },
    });
    return () => {
      deaf();
      clearTimeout(timer);
      aborting.abort();
    };
  }, []);

  return { waiting, clear: () => setWaiting(new Set()) };
}

/** The signed-in user and the summary for the whole console, kept up to date by the event stream. */
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { ApiError, get, loadSession, rememberSession, whenSignedOut } from "../api/client";
import { refresh } from "../api/resource";
import { listen } from "../api/stream";
import type { Session, Summary } from "../api/types";

interface Known {
  session: Session | undefined;
  error: ApiError | undefined;
  summary: Summary | undefined;
  /** Whether the event stream is connected. */
  lineIsUp: boolean;
  setSession: (session: Session) => void;
  reloadSession: () => Promise<void>;
}

const Context = createContext<Known | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setKnown] = useState<Session>();
  const [error, setError] = useState<ApiError>();
  const [summary, setSummary] = useState<Summary>();
  const [lineIsUp, setLine] = useState(true);

  const reloadSession = useMemo(
    () => async () => {
      try {
        setKnown(await loadSession());
        setError(undefined);
      } catch (fault) {
        setError(fault instanceof ApiError ? fault : new ApiError(0, "failed", "The session could not be read."));
      }
    },
    [],
  );

  useEffect(() => {
    whenSignedOut(() => void reloadSession());
    void reloadSession();
  }, [reloadSession]);

  const maySee = session !== undefined && session.user !== null;
  useEffect(() => {
    if (!maySee) return undefined;
    const aborting = new AbortController();
    const readSummary = () =>
      get<Summary>("/api/summary", {}, aborting.signal)
        .then(setSummary)
        .catch(() => undefined);
    void readSummary();
    const deaf = listen({
      summary: setSummary,
      health: () => refresh("/api/health"),
      line: (isUp) => {
        setLine(isUp);
        if (isUp) void readSummary();
      },
    });
    return () => {
      aborting.abort();
      deaf();
    };
  }, [maySee]);

  const known = useMemo<Known>(
    () => ({
      session,
      error,
      summary,
      lineIsUp,
      reloadSession,
      setSession: (fresh) => setKnown(rememberSession(fresh)),
    }),
    [session, error, summary, lineIsUp, reloadSession],
  );
  return <Context.Provider value={known}>{children}</Context.Provider>;
}

export function useKnown(): Known {
  const known = useContext(Context);
  if (known === null) throw new Error("outside SessionProvider");
  return known;
}

/** Return the session on a signed-in page. */
export function useSession(): Session {
  const { session } = useKnown();
  if (session === undefined) throw new Error("no session yet");
  return session;
}

export const useSummary = (): Summary | undefined => useKnown().summary;

/** Return whether the user may give and withdraw answers and save views. */
export function useMayAnswer(): boolean {
  const role = useSession().user?.role;
  return role === "analyst" || role === "admin";
}

export const useIsAdmin = (): boolean => useSession().user?.role === "admin";

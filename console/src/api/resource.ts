/**
 * React hooks that read URLs: cached for a while, shared between components, aborted once no component needs them.
 */
import { useCallback, useEffect, useRef, useState, type Dispatch, type SetStateAction } from "react";
import { ApiError, address, get } from "./client";
import type { Page } from "./types";

export interface Reading<T> {
  data: T | undefined;
  error: ApiError | undefined;
  /** Nothing to show yet. */
  loading: boolean;
  /** Older data is shown while newer data is fetched. */
  refreshing: boolean;
  reload: () => void;
}

type Query = Parameters<typeof address>[1];

const kept = new Map<string, unknown>();
const KEPT_AT_MOST = 80;
const watchers = new Map<string, Set<() => void>>();

function keep(url: string, data: unknown): void {
  kept.delete(url);
  kept.set(url, data);
  if (kept.size > KEPT_AT_MOST) {
    const oldest = kept.keys().next().value;
    if (oldest !== undefined) kept.delete(oldest);
  }
}

/** Increment the turn, which triggers a new read, when the URL's data was invalidated. */
function useToldToReload(url: string | null, setTurn: Dispatch<SetStateAction<number>>): void {
  useEffect(() => {
    if (url === null) return undefined;
    const again = () => setTurn((count) => count + 1);
    const set = watchers.get(url) ?? new Set<() => void>();
    watchers.set(url, set);
    set.add(again);
    return () => {
      set.delete(again);
      if (set.size === 0) watchers.delete(url);
    };
  }, [url, setTurn]);
}

/** Read again every shown URL that begins with `prefix`. */
export function refresh(prefix: string): void {
  for (const url of [...kept.keys()]) if (url.startsWith(prefix) && !watchers.has(url)) kept.delete(url);
  for (const [url, reloads] of watchers) if (url.startsWith(prefix)) for (const reload of reloads) reload();
}

/** Put data from elsewhere (a stream event, the answer to a change) into the cache of a URL. */
export function provide(url: string, data: unknown): void {
  keep(url, data);
  for (const reload of watchers.get(url) ?? []) reload();
}

/** Read a URL (null: nothing): return the cached value at once, and fetch it again. */
export function useResource<T>(path: string | null, query: Query = {}): Reading<T> {
  const url = path === null ? null : address(path, query);
  const [, redraw] = useState(0);
  const [turn, setTurn] = useState(0);
  const failed = useRef<{ url: string; error: ApiError } | null>(null);
  const busy = useRef<string | null>(null);

  useEffect(() => {
    if (url === null) return undefined;
    const aborting = new AbortController();
    busy.current = url;
    redraw((count) => count + 1);
    get<T>(url, {}, aborting.signal)
      .then((data) => {
        keep(url, data);
        failed.current = null;
      })
      .catch((fault: unknown) => {
        if (aborting.signal.aborted) return;
        failed.current = { url, error: asApiError(fault) };
      })
      .finally(() => {
        if (aborting.signal.aborted) return;
        busy.current = null;
        redraw((count) => count + 1);
      });
    return () => aborting.abort();
  }, [url, turn]);

  useToldToReload(url, setTurn);

  const data = url === null ? undefined : (kept.get(url) as T | undefined);
  const error = failed.current?.url === url ? failed.current.error : undefined;
  const reload = useCallback(() => setTurn((count) => count + 1), []);
  return {
    data,
    error,
    loading: url !== null && data === undefined && error === undefined,
    refreshing: data !== undefined && busy.current === url,
    reload,
  };
}

export interface Paged<T> {
  items: T[];
  total: number | null;
  error: ApiError | undefined;
  loading: boolean;
  /** Whether there are further pages, and whether one is being fetched. */
  hasMore: boolean;
  loadingMore: boolean;
  more: () => void;
  /** Read again from the first page; the present items stay until then. */
  reload: () => void;
  /** Replace items according to news about them, without fetching or reordering. */
  alter: (change: (item: T) => T) => void;
}

interface PagedState<T> {
  url: string | null;
  items: T[];
  cursor: string | null;
  total: number | null;
  error: ApiError | undefined;
  loading: boolean;
  loadingMore: boolean;
}

/** Read a list page by page; `more` fetches the next page. A new URL starts from the first page. */
export function usePages<T>(path: string | null, query: Query = {}, limit = 100): Paged<T> {
  const url = path === null ? null : address(path, { ...query, limit });
  const empty: PagedState<T> = {
    url,
    items: [],
    cursor: null,
    total: null,
    error: undefined,
    loading: url !== null,
    loadingMore: false,
  };
  const [state, setState] = useState<PagedState<T>>(empty);
  const [turn, setTurn] = useState(0);
  const aborting = useRef(new AbortController());
  const current = state.url === url ? state : empty;
  const latest = useRef(current);
  latest.current = current;

  useEffect(() => {
    const controller = new AbortController();
    aborting.current = controller;
    if (url === null) return undefined;
    const already = latest.current.items.length;
    void (async () => {
      try {
        const items: T[] = [];
        let page = await get<Page<T>>(url, {}, controller.signal);
        items.push(...page.items);
        while (items.length < already && page.next_cursor !== null) {
          page = await get<Page<T>>(withCursor(url, page.next_cursor), {}, controller.signal);
          items.push(...page.items);
        }
        setState({ url, items, cursor: page.next_cursor, total: page.total, error: undefined, loading: false, loadingMore: false });
      } catch (fault) {
        if (controller.signal.aborted) return;
        setState({ ...latest.current, url, error: asApiError(fault), loading: false, loadingMore: false });
      }
    })();
    return () => controller.abort();
  }, [url, turn]);

  useToldToReload(url, setTurn);

  const more = useCallback(() => {
    const now = latest.current;
    if (now.url === null || now.cursor === null || now.loadingMore || now.loading) return;
    const { url: asked, cursor } = now;
    const signal = aborting.current.signal;
    latest.current = { ...now, loadingMore: true };
    setState(latest.current);
    get<Page<T>>(withCursor(asked, cursor), {}, signal)
      .then((page) =>
        setState((was) =>
          was.url === asked && was.cursor === cursor
            ? { ...was, items: [...was.items, ...page.items], cursor: page.next_cursor, loadingMore: false }
            : was,
        ),
      )
      .catch((fault: unknown) => {
        if (!signal.aborted) setState((was) => ({ ...was, error: asApiError(fault), loadingMore: false }));
      });
  }, []);

  return {
    items: current.items,
    total: current.total,
    error: current.error,
    loading: current.loading,
    hasMore: current.cursor !== null,
    loadingMore: current.loadingMore,
    more,
    reload: useCallback(() => setTurn((count) => count + 1), []),
    alter: useCallback((change) => setState((was) => ({ ...was, items: was.items.map(change) })), []),
  };
}

function withCursor(url: string, cursor: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`;
}

function asApiError(fault: unknown): ApiError {
  if (fault instanceof ApiError) return fault;
  return new ApiError(0, "failed", fault instanceof Error ? fault.message : "Something failed.");
}

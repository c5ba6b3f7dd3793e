/** Send files that somebody drops or chooses, one export at a time, whatever page is shown meanwhile. */
import { useSyncExternalStore } from "react";
import { ApiError, post, remove, sendFile } from "../api/client";
import { refresh } from "../api/resource";
import type { DroppedExport, DroppedFile } from "../api/types";

export interface Sending {
  id: string | null;
  names: readonly string[];
  total: number;
  sent: number;
  isSending: boolean;
  error: ApiError | null;
}

let current: Sending | null = null;
let aborting = new AbortController();
const watchers = new Set<() => void>();

function tell(next: Sending | null): void {
  current = next;
  for (const watcher of watchers) watcher();
}

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Return what is being sent from this tab, or was sent last. */
export const useSending = (): Sending | null => useSyncExternalStore(subscribe, () => current);

/** Send files as one export, and have it read. A second one waits for nobody: the server says that one is being read. */
export async function sendExport(files: readonly File[]): Promise<void> {
  if (files.length === 0 || current?.isSending) return;
  aborting = new AbortController();
  const { signal } = aborting;
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const sending: Sending = { id: null, names: files.map((file) => file.name), total, sent: 0, isSending: true, error: null };
  tell(sending);
  let id: string | null = null;
  try {
    id = (await post<DroppedExport>("/api/drops", { names: sending.names, bytes: total }, signal)).id;
    refresh("/api/drops");
    let before = 0;
    for (const file of files) {
      const heard = (sent: number) => current !== null && tell({ ...current, id, sent: before + Math.min(sent, file.size) });
      await sendFile<DroppedFile>(`/api/drops/${id}/files?${new URLSearchParams({ name: file.name }).toString()}`, file, heard, signal);
      before += file.size;
    }
    await post<DroppedExport>(`/api/drops/${id}/read`, {}, signal);
    tell({ ...sending, id, sent: total, isSending: false });
  } catch (fault) {
    const error = fault instanceof ApiError ? fault : new ApiError(0, "failed", "The file could not be sent.");
    // who cancels closes the export too: a second request for it would find nothing
    if (id !== null && !signal.aborted) await remove(`/api/drops/${id}`).catch(() => undefined);
    tell(signal.aborted ? null : { ...sending, isSending: false, error });
  }
  refresh("/api/drops");
}

/** Stop sending. Whoever stops it closes the export on the server. */
export const cancelSending = (): void => aborting.abort();

/** Forget what was sent last, so that its pages do not open by themselves. */
export function forgetSent(): void {
  if (current !== null && !current.isSending) tell(null);
}

/** What analysts added to an incident, and how a change of it is sent. */
import { useCallback, useState } from "react";
import { ApiError, change } from "../../api/client";
import { provide, useResource } from "../../api/resource";
import type { HandlingValue } from "../../api/types";
import { announce } from "../../app/announce";

/** A change that was refused, and the part of the incident that it was about. */
export interface Refused {
  error: ApiError;
  part: string;
}

export type Send = (method: "POST" | "PUT" | "DELETE", part: string, body: unknown, said: string) => Promise<boolean>;

export function useHandling(id: string) {
  const base = `/api/incidents/${encodeURIComponent(id)}`;
  const path = `${base}/handling`;
  const { data, error, reload } = useResource<HandlingValue>(path);
  const [refused, setRefused] = useState<Refused>();
  const send = useCallback<Send>(
    async (method, part, body, said) => {
      try {
        provide(path, await change<HandlingValue>(method, `${base}/${part}`, body));
        setRefused(undefined);
        announce(said);
        return true;
      } catch (error) {
        const known = error instanceof ApiError ? error : new ApiError(0, "failed", "The change could not be saved.");
        setRefused({ error: known, part: part.split("/")[0] ?? "" });
        if (error instanceof ApiError && error.status === 409) reload();
        return false;
      }
    },
    [base, path, reload],
  );
  return { data, error, refused, reload, send };
}

/** Return `2026-03-01T12:00` for a time field, in UTC. */
export const toField = (time: string | null) => (time === null ? "" : time.slice(0, 16));

/** Return the time of a time field in RFC 3339, null if it is empty. */
export const fromField = (text: string) => (text === "" ? null : `${text.slice(0, 16)}:00Z`);

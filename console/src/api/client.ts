/** HTTP requests to the API: one error shape, a CSRF header on every change, and retried reads. */
import { withBase } from "../app/base";
import type { ErrorBody, Session } from "./types";

/** A refusal by the server, or a failure to reach it (`status` 0, code `unreachable`). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fix: string | null = null,
    readonly field: string | null = null,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

const ATTEMPTS = 3;
let csrfToken = "";
let onSignedOut: () => void = () => undefined;

/** Call `heard` whenever the server answers that nobody is signed in. */
export function whenSignedOut(heard: () => void): void {
  onSignedOut = heard;
}

/** Build a URL such as `/api/incidents?queue=open`. Empty values are omitted; lists repeat their name. */
export function address(path: string, query: Query = {}): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) asked.append(name, String(one));
  }
  const text = asked.toString();
  return text ? `${path}?${text}` : path;
}

/** Read `/api/session` and keep its CSRF token for later requests. */
export async function loadSession(signal?: AbortSignal): Promise<Session> {
  return rememberSession(await get<Session>("/api/session", {}, signal));
}

/** Keep the CSRF token of the session that a sign-in returned. */
export function rememberSession(session: Session): Session {
  csrfToken = session.csrf_token;
  return session;
}

/** Read a URL. If the server is busy or unreachable, retry twice. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send<T>("GET", address(path, query), undefined, signal);
    } catch (fault) {
      if (!(fault instanceof ApiError) || !isPassing(fault) || attempt >= ATTEMPTS) throw fault;
      await pause((fault.retryAfter ?? 0.25 * 2 ** attempt) * 1000, signal);
    }
  }
}

/**
 * Send a change. It is repeated only after another tab renewed the session: that refusal proves that nothing was
 * changed.
 */
export async function change<T>(
  method: Exclude<Method, "GET">,
  path: string,
  body: unknown = {},
  signal?: AbortSignal,
): Promise<T> {
  try {
    return await send<T>(method, path, body, signal);
  } catch (fault) {
    if (!(fault instanceof ApiError) || fault.code !== "csrf") throw fault;
    await loadSession(signal);
    return send<T>(method, path, body, signal);
  }
}

export const post = <T>(path: string, body?: unknown, signal?: AbortSignal) => change<T>("POST", path, body, signal);
export const put = <T>(path: string, body?: unknown, signal?: AbortSignal) => change<T>("PUT", path, body, signal);
export const patch = <T>(path: string, body?: unknown, signal?: AbortSignal) => change<T>("PATCH", path, body, signal);
export const remove = <T>(path: string, signal?: AbortSignal) => change<T>("DELETE", path, {}, signal);

/** Read a URL of the console around a dropped export, whatever pages are shown. */
export async function getOutside<T>(url: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin", signal: signal ?? null });
  if (!response.ok) throw await refusal(response);
  return (await response.json()) as T;
}

/** Send a file as it is. `heard` gets the bytes sent so far: only this older way to send tells them. */
export function sendFile<T>(path: string, file: File, heard: (sent: number) => void, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", withBase(path));
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-Seawall-CSRF", csrfToken);
    request.upload.onprogress = (event) => heard(event.loaded);
    request.onerror = () => reject(new ApiError(0, "unreachable", "The file could not be sent to the end.", "Check that `seawall serve` still runs."));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    request.onload = () => {
      const response = new Response(request.status === 204 ? null : request.responseText, { status: request.status });
      if (response.ok) response.json().then((value) => resolve(value as T), reject);
      else refusal(response).then(reject, reject);
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

function isPassing(fault: ApiError): boolean {
  return [0, 429, 502, 503, 504].includes(fault.status) && (fault.retryAfter ?? 0) <= 5;
}

async function send<T>(method: Method, url: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const request: RequestInit = { method, headers, credentials: "same-origin", signal: signal ?? null };
  if (method !== "GET") {
    headers["Content-Type"] = "application/json";
    headers["X-Seawall-CSRF"] = csrfToken;
    request.body = JSON.stringify(body ?? {});
  }
  let response: Response;
  try {
    response = await fetch(withBase(url), request);
  } catch (fault) {
    if (signal?.aborted) throw fault;
    throw new ApiError(0, "unreachable", "The server cannot be reached.", "Check that `seawall serve` still runs.");
  }
  if (!response.ok) throw await refusal(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function refusal(response: Response): Promise<ApiError> {
  const after = Number(response.headers.get("Retry-After") ?? "");
  const retryAfter = Number.isFinite(after) && after > 0 ? after : null;
  let body: Partial<ErrorBody> = {};
  try {
    body = (await response.json()) as Partial<ErrorBody>;
  } catch {
    // The body is not the API's (perhaps a proxy's), so only the status is known.
  }
  const said = body.error;
  if (response.status === 401 && said?.code === "sign-in-required") onSignedOut();
  return new ApiError(
    response.status,
    said?.code ?? "failed",
    said?.message ?? `The server answered ${response.status} ${response.statusText}.`.trim(),
    said?.fix ?? null,
    said?.field ?? null,
    retryAfter,
  );
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    });
  });
}

// The server's HTTP API from the browser. Every call carries the token of the session; an answer that is no success becomes an ApiError
// with what the server said. A 401 ends the session: the shell then shows the sign-in with the reason.
import { signedOut, token } from "./session";

export class ApiError extends Error {
  constructor(
    readonly status: number, // of HTTP; 0 = the server was not reached
    readonly code: string,
    message: string,
    readonly hint = "",
    readonly requestId = "",
    readonly body: Record<string, unknown> = {}, // the whole error body: some routes say more
  ) {
    super(message);
  }
}

export interface RequestOptions {
  body?: unknown; // sent as JSON
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

// The response of a success; its body is not read yet.
export async function fetchApi(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (token()) headers.set("Authorization", `Bearer ${token()}`);
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      cache: "no-store",
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, "unavailable", "the server does not answer", "is `sinan serve` still running?");
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  const error = new ApiError(
    response.status,
    body.code ?? "unavailable",
    body.message ?? `the server answered ${response.status}`,
    body.hint ?? "",
    body.request_id ?? response.headers.get("X-Request-Id") ?? "",
    body,
  );
  if (response.status === 401) signedOut(token() ? `${error.message}: the token is no longer good` : "");
  throw error;
}

async function json<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
  const response = await fetchApi(method, path, options);
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export const api = {
  get: <T>(path: string, signal?: AbortSignal) => json<T>("GET", path, { signal }),
  post: <T>(path: string, body: unknown, options?: RequestOptions) => json<T>("POST", path, { ...options, body }),
  put: <T>(path: string, body: unknown, options?: RequestOptions) => json<T>("PUT", path, { ...options, body }),
  patch: <T>(path: string, body: unknown, options?: RequestOptions) => json<T>("PATCH", path, { ...options, body }),
  delete: <T>(path: string, options?: RequestOptions) => json<T>("DELETE", path, options),
};

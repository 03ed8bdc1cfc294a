/** The operator's API as the page calls it: relative to the page, with the token that the operator gave. */
import type { Problem } from 'http-kit';

const TOKEN = 'operator-token';

/** What the API answered instead of what was asked for. */
export class ApiError extends Error {
  /** 0 when there was no answer at all. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let onUnauthorized: () => void = () => undefined;
/** @param listener - called whenever the API asks for a token */
export function whenUnauthorized(listener: () => void): void {
  onUnauthorized = listener;
}

/** Keeps the token until the tab is closed. */
export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

/**
 * Takes a token that the page's address carries, `#token=…`, and leaves it no longer there: neither in the history
 * nor on the screen.
 *
 * @returns whether there was one
 */
export function takeToken(): boolean {
  const given = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (given === undefined) return false;
  keepToken(decodeURIComponent(given));
  history.replaceState(null, '', '#/');
  return true;
}

/** Fetches with the token. @throws {ApiError} unless it succeeded */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { ...(init.headers as Record<string, string>), ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { ...init, headers }).catch((error: unknown) => {
    if (init.signal?.aborted) throw error as Error;
    throw new ApiError(0, 'UNREACHABLE', 'The service does not answer. This page tries again by itself.');
  });
  if (response.ok) return response;
  if (response.status === 401) onUnauthorized();
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  throw new ApiError(
    response.status,
    problem.code ?? `HTTP_${response.status}`,
    problem.detail ?? problem.title ?? response.statusText,
  );
}

/** @returns what a path gives. @throws {ApiError} */
export async function get<Body>(path: string, signal?: AbortSignal): Promise<Body> {
  return (await request(path, signal ? { signal } : {})).json() as Promise<Body>;
}

/** @returns the answer to a posted body. @throws {ApiError} */
export async function post<Body>(path: string, body: unknown = {}): Promise<Body> {
  const headers = { 'content-type': 'application/json' };
  const response = await request(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return response.json() as Promise<Body>;
}

/** Downloads a file: a plain link could not carry the token. */
export async function download(path: string, name: string): Promise<void> {
  const url = URL.createObjectURL(await (await request(path)).blob());
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** @returns a query string of what is set: `?a=1`, or nothing. */
export function query(values: Readonly<Record<string, string | number | null | undefined>>): string {
  const set = Object.entries(values).filter(([, value]) => value != null && value !== '');
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([key, value]) => [key, String(value)])).toString()}`;
}

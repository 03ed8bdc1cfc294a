/** The operator's HTTP API, as the program calls it. */
import { messageOf } from 'saga-core';
import { readEvents } from '../event-stream.js';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';

export interface Client {
  /** @param has - what an answer to this has: without it, it is none of a saga service */
  get<Body>(path: string, has: keyof Body & string): Promise<Body>;
  post<Body>(path: string, body: object, has: keyof Body & string): Promise<Body>;
  /**
   * @returns the data of server-sent events as they come, until the service ends them, or the signal is aborted; null
   *   where the service has left some out
   */
  events<Data>(path: string, signal: AbortSignal): AsyncGenerator<Data | null, void>;
}

/** How long a service may be silent, in milliseconds. */
export interface Timeouts {
  /** Until the whole of an answer is there. */
  readonly responseMs: number;
  /** The same for what changes something: a thousand dead letters take their time. */
  readonly actionMs: number;
  /** Between events; a heartbeat comes every 15 seconds. */
  readonly idleMs: number;
}
const DEFAULT_TIMEOUTS: Timeouts = { responseMs: 30_000, actionMs: 300_000, idleMs: 60_000 };

/** A route that every saga service has: it tells whether a URL is one of a saga service. */
const PROBE_PATH = '/sagas/definitions';

/**
 * @param url - where the service listens; it may have a path, as behind a proxy
 * @param token - OPERATOR_TOKEN; undefined where none is set
 * @returns a client whose calls throw {@link CliError} for whatever is no success
 * @throws {CliError} when that is no URL of a service
 */
export function connect(url: string, token: string | undefined, timeouts: Timeouts = DEFAULT_TIMEOUTS): Client {
  const base = baseOf(url);
  const headers = headersOf(token);
  const unavailable = (what: string) => new CliError(EXIT.unavailable, `${url} ${what}. Is SAGA_URL right?`);
  const interrupted = (error: unknown, isAction: boolean) =>
    new CliError(
      EXIT.unavailable,
      `${url} did not answer to the end: ${reasonOf(error)}.` +
        (isAction ? ' "saga audit" tells whether it was done.' : ''),
    );

  const request = async (method: string, path: string, signal: AbortSignal, body?: object): Promise<Response> => {
    const isAction = body !== undefined;
    const response = await fetch(new URL(path.slice(1), base), {
      method,
      signal,
      headers: { ...headers, ...(isAction ? { 'content-type': 'application/json' } : {}) },
      // Whoever follows a redirect makes a GET of a POST.
      redirect: isAction ? 'manual' : 'follow',
      ...(isAction ? { body: JSON.stringify(body) } : {}),
    }).catch((error: unknown) => {
      if (signal.aborted) throw interrupted(error, isAction);
      throw unavailable(`cannot be reached: ${reasonOf(error)}`);
    });
    if (response.ok) return response;
    throw await errorFrom(response);
  };

  /** Why a response is no success; only a saga service may say that something is wrong with what it was asked. */
  const errorFrom = async (response: Response): Promise<CliError> => {
    const { status } = response;
    const problem = (await response.json().catch(() => null)) as { code?: unknown; detail?: unknown } | null;
    const code = codeOf(status);
    const hasProblem = typeof problem?.code === 'string';
    const isNotSagaService =
      code !== EXIT.access && (!hasProblem || (code === EXIT.notFound && !(await isSagaService())));
    if (isNotSagaService) return unavailable(`answers ${status} and does not serve sagas at this path`);
    const detail = typeof problem?.detail === 'string' ? problem.detail : 'The token is missing or wrong';
    // Headers are for programs; a person sets a variable.
    const hint = status === 401 ? ` Is OPERATOR_TOKEN ${token ? 'right' : 'set'}?` : '';
    return new CliError(code, `${hasProblem ? String(problem.code) : status}: ${detail}${hint}`);
  };

  const isSagaService = async (): Promise<boolean> => {
    const signal = AbortSignal.timeout(timeouts.responseMs);
    const response = await fetch(new URL(PROBE_PATH.slice(1), base), { headers, signal }).catch(() => null);
    const body = (await response?.json().catch(() => null)) as { items?: unknown } | null | undefined;
    return response?.ok === true && Array.isArray(body?.items);
  };

  const answerTo = async <Body>(method: string, path: string, has: string, body?: object): Promise<Body> => {
    const isAction = body !== undefined;
    const signal = AbortSignal.timeout(isAction ? timeouts.actionMs : timeouts.responseMs);
    const response = await request(method, path, signal, body);
    const text = await response.text().catch((error: unknown) => {
      throw interrupted(error, isAction);
    });
    const answer = parsed(text);
    if (typeof answer !== 'object' || answer === null || !(has in answer))
      throw unavailable('does not answer as a saga service does');
    return answer as Body;
  };

  return {
    get: (path, has) => answerTo('GET', path, has),
    post: (path, body, has) => answerTo('POST', path, has, body),
    async *events<Data>(path: string, signal: AbortSignal) {
      const idle = new AbortController();
      const timer = setTimeout(() => idle.abort(new Error('nothing was heard of it')), timeouts.idleMs);
      try {
        const response = await request('GET', path, AbortSignal.any([signal, idle.signal]));
        if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
          throw unavailable('does not answer as a saga service does');
        yield* readEvents<Data>(response.body!, () => timer.refresh());
      } catch (error) {
        // One who ends it knows why.
        if (signal.aborted) return;
        throw error instanceof CliError ? error : interrupted(idle.signal.aborted ? idle.signal.reason : error, false);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** @returns the URL below which the routes lie, with a slash at its end */
function baseOf(url: string): URL {
  const base = URL.canParse(url) ? new URL(url) : null;
  if (!base || !/^https?:$/.test(base.protocol))
    throw new CliError(EXIT.usage, `SAGA_URL is no http:// or https:// URL: ${url}`);
  if (base.username || base.password)
    throw new CliError(EXIT.usage, 'SAGA_URL must have no user and password: set OPERATOR_TOKEN');
  base.pathname = base.pathname.replace(/\/*$/, '/');
  base.search = '';
  base.hash = '';
  return base;
}

function headersOf(token: string | undefined): Record<string, string> {
  if (!token) return {};
  const headers = { authorization: `Bearer ${token.trim()}` };
  try {
    new Headers(headers);
  } catch {
    throw new CliError(EXIT.access, 'OPERATOR_TOKEN has characters that no header can have');
  }
  return headers;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An AggregateError, of several addresses, has no message of its own. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { errors, code } = cause as { errors?: unknown[]; code?: unknown };
  return messageOf(cause) || messageOf(errors?.[0] ?? code);
}

function codeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.access;
  if (status === 404) return EXIT.notFound;
  if (status === 409 || status === 413 || status === 422) return EXIT.refused;
  return status === 400 ? EXIT.usage : EXIT.unavailable;
}

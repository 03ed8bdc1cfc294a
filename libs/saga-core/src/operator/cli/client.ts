/** The operator's HTTP API, as the program calls it. */
import { messageOf } from '../../errors.js';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';

export interface Client {
  get<Body>(path: string): Promise<Body>;
  post<Body>(path: string, body: object): Promise<Body>;
  /** @returns the data of server-sent events as they come, until the service ends them; null where it has left some out */
  events<Data>(path: string): AsyncGenerator<Data | null>;
}

/**
 * @param url - where the service listens
 * @param token - OPERATOR_TOKEN; undefined where none is set
 * @returns a client whose calls throw {@link CliError} for whatever is no success
 */
export function connect(url: string, token: string | undefined): Client {
  const call = async (method: string, path: string, body?: object): Promise<Response> => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      const why = messageOf((error as { cause?: unknown }).cause ?? error);
      throw new CliError(EXIT.unavailable, `${url} cannot be reached: ${why}. Is SAGA_URL right?`);
    });
    if (response.ok) return response;
    const { status } = response;
    const problem = (await response.json().catch(() => null)) as { code?: string; detail?: string } | null;
    throw new CliError(
      codeOf(status),
      `${problem?.code ?? status}: ${problem?.detail ?? `${url} does not serve sagas at this path`}`,
    );
  };
  return {
    get: async <Body>(path: string) => (await (await call('GET', path)).json()) as Body,
    post: async <Body>(path: string, body: object) => (await (await call('POST', path, body)).json()) as Body,
    async *events<Data>(path: string) {
      const response = await call('GET', path);
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body!) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const events = text.split('\n\n');
        text = events.pop()!;
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          // Of what was left out there is nothing to tell but that.
          if (/^event: missed$/m.test(event)) yield null;
          else if (data !== undefined) yield JSON.parse(data) as Data;
        }
      }
    },
  };
}

function codeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.access;
  if (status === 404) return EXIT.notFound;
  if (status === 409 || status === 422) return EXIT.refused;
  return status === 400 ? EXIT.usage : EXIT.unavailable;
}

/** HTTP as the tests speak it: they are operators, unless they say otherwise. */
import { OPERATOR_TOKEN } from './operator-token.js';

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

const AS_OPERATOR = { authorization: `Bearer ${OPERATOR_TOKEN}` };

/** @returns what a URL gives, parsed as JSON */
export async function get<Body = unknown>(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<Body>> {
  return answerOf<Body>(await fetch(url, { headers: { ...AS_OPERATOR, ...headers } }));
}

/** @returns status and headers of what a URL gives. Its body is read: one that is not keeps its connection open. */
export async function statusAndHeaders(url: string | URL): Promise<Pick<Response, 'status' | 'headers'>> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return { status: response.status, headers: response.headers };
}

/** @returns the answer to JSON, or to text as it is */
export async function post<Body = unknown>(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<Body>> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return answerOf<Body>(
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...AS_OPERATOR, ...headers },
      body: text,
    }),
  );
}

async function answerOf<Body>(response: Response): Promise<Answer<Body>> {
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? undefined : JSON.parse(text)) as Body,
  };
}

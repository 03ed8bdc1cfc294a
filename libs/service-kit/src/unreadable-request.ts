/** What Node cannot read as an HTTP request: there is no request to answer then, only a socket. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { HttpProblem, PROBLEM_JSON, PROBLEMS } from 'http-kit';

/** By the code of the error, as Node's own answers have it. */
const PROBLEM_BY_CODE: Readonly<Record<string, HttpProblem>> = {
  HPE_HEADER_OVERFLOW: new HttpProblem(PROBLEMS.headersTooLarge, 'URL and headers are more than 16 KiB.'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new HttpProblem(PROBLEMS.tooLarge, 'The chunk extensions are too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: new HttpProblem(PROBLEMS.requestTimeout, 'The request did not come whole in time.'),
};
const UNREADABLE = new HttpProblem(PROBLEMS.malformedRequest, 'This is not an HTTP request that can be read.');

/** Answers with problem details, and ends the connection. */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const problem = PROBLEM_BY_CODE[error.code ?? ''] ?? UNREADABLE;
  const { statusCode } = problem;
  const body = JSON.stringify(problem);
  const head = `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\nconnection: close\r\ncontent-type: ${PROBLEM_JSON}\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\n\r\n${body}`);
}

/**
 * Lets in whoever has the token. The address of a request says nothing: a proxy on the same machine makes everyone
 * local. Whoever guesses is slow, and is seen in the log.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { HttpProblem, PROBLEMS } from 'http-kit';
import { logSparsely } from 'saga-core';
import { OPERATOR_PROBLEMS } from './operator-problems.js';

/** How long whoever has sent a wrong token waits for the answer, in milliseconds. */
const WRONG_TOKEN_MS = 1_000;
/** So many of one address may wait; whatever else comes from there meanwhile is refused without being looked at. */
const MOST_WAITING = 10;

/**
 * @param token - what a client must send as `Authorization: Bearer <token>`; null lets in nobody
 * @param log - is told of wrong tokens
 * @returns an `onRequest` hook
 */
export function requireToken(
  token: string | null,
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>,
): (request: FastifyRequest) => Promise<void> {
  const expected = token === null || token === '' ? null : digest(token);
  const waiting = new Map<string, number>();
  return async ({ headers, ip }) => {
    if (expected === null)
      throw new HttpProblem(
        OPERATOR_PROBLEMS.forbidden,
        'The routes of operators are closed: start the service with OPERATOR_TOKEN to open them to whoever ' +
          'sends that token.',
      );
    const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    if (given === undefined) throw unauthorized();
    const others = waiting.get(ip) ?? 0;
    if (others >= MOST_WAITING)
      throw new HttpProblem(PROBLEMS.tooManyRequests, 'Too many wrong tokens came from your address.', {
        retryAfterSeconds: WRONG_TOKEN_MS / 1_000,
      });
    // The digests have one length, and comparing them always takes the same time: the time must not tell the token.
    if (timingSafeEqual(digest(given), expected)) return;
    logSparsely(log, 'warn', { address: ip }, 'a wrong operator token was sent');
    waiting.set(ip, others + 1);
    await pause(WRONG_TOKEN_MS);
    const left = waiting.get(ip)! - 1;
    if (left > 0) waiting.set(ip, left);
    else waiting.delete(ip);
    throw unauthorized();
  };
}

const unauthorized = () =>
  new HttpProblem(OPERATOR_PROBLEMS.unauthorized, 'Send the header Authorization: Bearer <OPERATOR_TOKEN>.');

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

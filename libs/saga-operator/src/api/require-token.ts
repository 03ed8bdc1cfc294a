/**
 * Lets in whoever has the token. The address of a request says nothing: a proxy on the same machine makes everyone
 * local.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { HttpProblem } from 'http-kit';
import { OPERATOR_PROBLEMS } from './operator-problems.js';

/**
 * @param token - what a client must send as `Authorization: Bearer <token>`; null lets in nobody
 * @returns an `onRequest` hook
 */
export function requireToken(token: string | null): (request: FastifyRequest) => Promise<void> {
  const expected = token === null || token === '' ? null : digest(token);
  return async (request) => {
    if (expected === null)
      throw new HttpProblem(
        OPERATOR_PROBLEMS.forbidden,
        'The routes of operators are closed: start the service with OPERATOR_TOKEN to open them to whoever ' +
          'sends that token.',
      );
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    // The digests have one length, and comparing them always takes the same time: the time must not tell the token.
    if (!timingSafeEqual(digest(given), expected))
      throw new HttpProblem(OPERATOR_PROBLEMS.unauthorized, 'Send the header Authorization: Bearer <OPERATOR_TOKEN>.');
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

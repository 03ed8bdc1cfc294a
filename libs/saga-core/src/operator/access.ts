/** Who may see and steer: whoever has the token, or, where none is set, whoever is on this machine. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { OperatorProblem } from './operator-problem.js';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
const LOCAL_HOST = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;

/**
 * @param token - what a client must send as `Authorization: Bearer <token>`; null lets in clients on this machine, and only directly: not through a proxy,
 *   which would make everyone local, nor by a name that somebody else's page may have given to this address
 * @returns an `onRequest` hook
 */
export function operatorAccess(token: string | null): (request: FastifyRequest) => Promise<void> {
  const expected = token === null ? null : digest(token);
  return async (request) => {
    if (expected === null) {
      const { headers, socket } = request;
      const isLocal = LOOPBACK.test(socket.remoteAddress ?? '') && LOCAL_HOST.test(headers.host ?? '');
      if (!isLocal || headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined)
        throw new OperatorProblem('FORBIDDEN', 'Without OPERATOR_TOKEN only clients on the same machine are let in.');
      return;
    }
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    // Of the same length, whatever was given: a comparison that takes longer the more is right would tell the token.
    if (!timingSafeEqual(digest(given), expected))
      throw new OperatorProblem('UNAUTHORIZED', 'Send the header Authorization: Bearer <OPERATOR_TOKEN>.');
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

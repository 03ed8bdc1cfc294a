import type { FastifyRequest } from 'fastify';

/** @returns how often a header stands in a request: Node keeps the first of some, and joins others with commas */
export function timesSent({ raw }: FastifyRequest, header: string): number {
  return raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === header).length;
}

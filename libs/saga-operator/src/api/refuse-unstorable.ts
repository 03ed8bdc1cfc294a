/** Text that PostgreSQL does not take is refused at the door. */
import type { FastifyRequest } from 'fastify';
import { HttpProblem, PROBLEMS } from 'http-kit';
import { isStorable } from 'saga-core/admin';

/** A `preHandler` hook: what the database cannot keep, or look for, is refused before anything is done. */
export async function refuseUnstorable({ params, query, body }: FastifyRequest): Promise<void> {
  const found = unstorableIn({ params, query, body }, []);
  if (found)
    throw new HttpProblem(
      PROBLEMS.invalidRequest,
      `${found.join('.')}: Expected text without the character NUL and without half a surrogate pair`,
    );
}

/** @returns the path to text that PostgreSQL does not take, or null */
function unstorableIn(value: unknown, path: readonly string[]): readonly string[] | null {
  if (typeof value === 'string') return isStorable(value) ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, item] of Object.entries(value)) {
    if (!isStorable(name)) return [...path, '(a name)'];
    const found = unstorableIn(item, [...path, name]);
    if (found) return found;
  }
  return null;
}

/** Which instances a process may run: those of its definitions, by name, version and the fingerprint of their steps. */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import { fingerprintOf, type SagaShape } from '../definition/shape.js';
import type { DefinitionKey } from '../orchestrator/saga-store.js';
import { toJson } from './json.js';
import { unnestRows } from './unnest-rows.js';

/**
 * @returns a condition on a row of saga_instance. What was saved before there were fingerprints goes by name and
 *   version.
 */
export function isKnown(definitions: readonly DefinitionKey[]): RawBuilder<boolean> {
  const known = definitions.flatMap((key) => [key, { ...key, fingerprint: '' }]);
  return sql`(saga_name, definition_version, coalesce(fingerprint, '')) in (
    select name, version, fingerprint
    from jsonb_to_recordset(${toJson(known)}::jsonb) as known(name text, version integer, fingerprint text))`;
}

/** Writes down the steps of definitions, by their fingerprints, so that other processes can tell what differs. */
export async function recordShapes<Db>(database: Kysely<Db>, shapes: readonly SagaShape[]): Promise<void> {
  if (shapes.length === 0) return;
  await sql`
    insert into saga_shape (fingerprint, steps)
    select fingerprint, steps
    from ${unnestRows('shape', shapes, {
      fingerprint: ['text', fingerprintOf],
      steps: ['json', (shape) => shape],
    })}
    order by fingerprint on conflict do nothing`.execute(database);
}

/**
 * How many dead letters wait for an operator: asked of the broker when somebody looks, so that each process of an
 * orchestrator tells the same.
 */
import type { Registry } from 'prom-client';
import { queuesOf } from '../definition/queues.js';
import type { Orchestrator } from '../orchestrator/orchestrator.js';
import type { DeadLetters } from '../transport/dead-letters.js';
import { cachedQuery } from './cached-query.js';
import { instrumentsIn } from './instruments.js';

/**
 * @param deadLetters - of the transport; a broker that does not answer leaves the gauge without a value
 * @param orchestrator - of whose sagas the queues are: those of the participants, and of the replies
 * @param registry - where the metrics are; each registry takes them once
 */
export function deadLetterGauge(
  deadLetters: Pick<DeadLetters, 'count'>,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any database: only the names of queues are read
  { definitions }: Pick<Orchestrator<any>, 'definitions'>,
  registry: Registry,
): void {
  const queues = queuesOf(definitions);
  const read = cachedQuery(() => deadLetters.count(queues));
  instrumentsIn(registry).gauge(
    'saga_dead_letters_waiting',
    'Messages that lie in a dead-letter queue and wait for an operator, by the queue from which they came.',
    ['queue'],
    async (waiting) => {
      const counts = await read();
      waiting.reset();
      for (const { queue, count } of counts ?? []) waiting.set({ queue }, count);
    },
  );
}

/** What goes over the broker, counted where it passes: around the transport. */
import type { Registry } from 'prom-client';
import { DEAD_LETTER_HEADERS } from '../contract/dead-letter.js';
import type { OutgoingMessage } from '../contract/message.js';
import { COMMAND_EXCHANGE, DEAD_LETTER_EXCHANGE } from '../contract/routing.js';
import type { Consumer, PublishOutcome, Transport } from '../transport/transport.js';
import { boundedCode, boundedName } from './bounded-labels.js';
import { SECONDS, BATCH_SIZES } from './buckets.js';
import { instrumentsIn } from './instruments.js';

/**
 * @param registry - where the metrics are; each registry takes them once
 * @returns the same transport, which counts
 */
export function meteredTransport<Whole extends Transport>(transport: Whole, registry: Registry): Whole {
  const { counter, histogram, gauge } = instrumentsIn(registry);
  const published = counter(
    'saga_published_total',
    'Messages published, by what became of them: confirmed, returned (no queue takes it), refused by the broker, or unknown when the connection was lost.',
    ['exchange', 'fate'],
  );
  const deadLetters = counter(
    'saga_dead_letters_total',
    'Messages that this process laid aside as dead letters, by the queue from which they came.',
    ['queue', 'cause'],
  );
  const consumed = counter(
    'saga_consumed_total',
    'Deliveries, by whether the broker had delivered the message before.',
    ['queue', 'redelivered'],
  );
  const batchSize = histogram(
    'saga_batch_size',
    'Deliveries that were handled together, in one transaction.',
    ['queue'],
    BATCH_SIZES,
  );
  const batchDuration = histogram(
    'saga_batch_duration_seconds',
    'How long a batch of deliveries took, from the first statement to the confirms of what it caused.',
    ['queue', 'result'],
    SECONDS,
  );
  const consumers = new Map<string, Consumer>();
  gauge(
    'saga_transport_up',
    '1 while the broker is connected, by link; publishing is 0 also while the broker blocks it.',
    ['link'],
    (up) => {
      up.set({ link: 'connections' }, Number(transport.isReady()));
      up.set({ link: 'publishing' }, Number(transport.canPublish()));
    },
  );
  gauge('saga_consumer_failing', '1 while set after set of the queue fails here.', ['queue'], (failing) => {
    for (const [queue, consumer] of consumers) failing.set({ queue }, Number(consumer.health().failingSince !== null));
  });
  gauge('saga_consumer_up', '1 while deliveries of the queue arrive here.', ['queue'], (up) => {
    for (const [queue, consumer] of consumers) up.set({ queue }, Number(consumer.isRunning()));
  });

  /** A reply goes where its command says; only what this process declares is a label. */
  const exchanges = new Set([COMMAND_EXCHANGE, DEAD_LETTER_EXCHANGE]);

  const count = (messages: readonly OutgoingMessage[], fates: readonly PublishOutcome[] | null): void => {
    messages.forEach(({ exchange, routingKey, headers }, index) => {
      const fate = fates ? fates[index]! : 'unknown';
      published.inc({ exchange: boundedName(exchange, exchanges), fate });
      if (exchange === DEAD_LETTER_EXCHANGE && fate === 'confirmed')
        deadLetters.inc({
          queue: boundedName(routingKey, consumers),
          cause: boundedCode(String(headers[DEAD_LETTER_HEADERS.cause])),
        });
    });
  };

  return {
    ...transport,
    use(topology) {
      for (const { name } of topology.exchanges) exchanges.add(name);
      transport.use(topology);
    },
    async publish(messages) {
      try {
        const fates = await transport.publish(messages);
        count(messages, fates);
        return fates;
      } catch (error) {
        count(messages, null);
        throw error;
      }
    },
    consume(options) {
      const { queue, handleBatch } = options;
      const consumer = transport.consume({
        ...options,
        handleBatch: async (batch) => {
          batchSize.observe({ queue }, batch.length);
          for (const { redelivered } of batch) consumed.inc({ queue, redelivered: String(redelivered) });
          const end = batchDuration.startTimer({ queue });
          try {
            const unfinished = await handleBatch(batch);
            end({ result: 'done' });
            return unfinished;
          } catch (error) {
            end({ result: 'failed' });
            throw error;
          }
        },
      });
      consumers.set(queue, consumer);
      return consumer;
    },
  };
}

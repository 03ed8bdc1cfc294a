/** What goes over the broker, counted where it passes: around the transport. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { DEAD_LETTER_HEADERS } from '../contract/dead-letter.js';
import type { OutgoingMessage } from '../contract/message.js';
import { DEAD_LETTER_EXCHANGE } from '../contract/routing.js';
import type { Consumer, PublishOutcome, Transport } from '../transport/transport.js';
import { SECONDS, SET_SIZES } from './buckets.js';

/**
 * @param registry - where the metrics are; each registry takes them once
 * @returns the same transport, which counts
 */
export function meteredTransport<Whole extends Transport>(transport: Whole, registry: Registry): Whole {
  const registers = [registry];
  const published = new Counter({
    name: 'saga_published_total',
    help: 'Messages published, by what became of them: confirmed, returned (no queue takes it), or unknown when the connection was lost.',
    labelNames: ['exchange', 'fate'],
    registers,
  });
  const deadLetters = new Counter({
    name: 'saga_dead_letters_total',
    help: 'Messages that this process laid aside as dead letters, by the queue from which they came.',
    labelNames: ['queue', 'cause'],
    registers,
  });
  const consumed = new Counter({
    name: 'saga_consumed_total',
    help: 'Deliveries, by whether the broker had delivered the message before.',
    labelNames: ['queue', 'redelivered'],
    registers,
  });
  const setSize = new Histogram({
    name: 'saga_set_size',
    help: 'Deliveries that were handled together, in one transaction.',
    labelNames: ['queue'],
    buckets: SET_SIZES,
    registers,
  });
  const setDuration = new Histogram({
    name: 'saga_set_duration_seconds',
    help: 'How long a set of deliveries took, from the first statement to the confirms of what it caused.',
    labelNames: ['queue', 'result'],
    buckets: SECONDS,
    registers,
  });
  const consumers = new Map<string, Consumer>();
  new Gauge({
    name: 'saga_transport_up',
    help: '1 while the broker is connected, by link; publishing is 0 also while the broker blocks it.',
    labelNames: ['link'],
    registers,
    collect() {
      this.set({ link: 'connections' }, Number(transport.isReady()));
      this.set({ link: 'publishing' }, Number(transport.canPublish()));
    },
  });
  new Gauge({
    name: 'saga_consumer_up',
    help: '1 while deliveries of the queue arrive here.',
    labelNames: ['queue'],
    registers,
    collect() {
      for (const [queue, consumer] of consumers) this.set({ queue }, Number(consumer.isRunning()));
    },
  });

  const count = (messages: readonly OutgoingMessage[], fates: readonly PublishOutcome[] | null): void => {
    messages.forEach(({ exchange, routingKey, headers }, index) => {
      const fate = fates ? fates[index]! : 'unknown';
      published.inc({ exchange, fate });
      if (exchange === DEAD_LETTER_EXCHANGE && fate === 'confirmed')
        deadLetters.inc({ queue: routingKey, cause: String(headers[DEAD_LETTER_HEADERS.cause]) });
    });
  };

  return {
    ...transport,
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
      const { queue, handleSet } = options;
      const consumer = transport.consume({
        ...options,
        handleSet: async (set) => {
          setSize.observe({ queue }, set.length);
          for (const { redelivered } of set) consumed.inc({ queue, redelivered: String(redelivered) });
          const end = setDuration.startTimer({ queue });
          try {
            await handleSet(set);
            end({ result: 'done' });
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

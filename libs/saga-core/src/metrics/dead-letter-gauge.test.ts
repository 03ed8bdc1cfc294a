import { pino } from 'pino';
import { Registry } from 'prom-client';
import { saga } from '../engine/decide.fixture.js';
import type { LetterCount } from '../transport/dead-letters.js';
import { connectTransport } from '../transport/rabbit-transport.js';
import { deadLetterGauge } from './dead-letter-gauge.js';

const samplesOf = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('a broker that cannot be reached leaves the gauge without a value, and all else as it is', async () => {
  const registry = new Registry();
  // Nothing listens there.
  const transport = connectTransport({ urls: ['amqp://127.0.0.1:1'], name: 'test', logger: pino({ level: 'silent' }) });
  deadLetterGauge(transport.deadLetters, { definitions: [saga] }, registry);
  expect(await samplesOf(registry)).toEqual([]);
  await transport.close();
});

test('the queues of the participants and of the replies are asked for, once for all who look', async () => {
  const registry = new Registry();
  const asked: (readonly string[])[] = [];
  const count = async (queues: readonly string[]): Promise<LetterCount[]> => {
    asked.push(queues);
    return queues.map((queue, index) => ({ queue, count: index, consumers: 1 }));
  };
  deadLetterGauge({ count }, { definitions: [saga] }, registry);
  const samples = await samplesOf(registry);
  expect(samples).toEqual([
    'saga_dead_letters_waiting{queue="cards.commands"} 0',
    'saga_dead_letters_waiting{queue="consumers.commands"} 1',
    'saga_dead_letters_waiting{queue="kitchen.commands"} 2',
    'saga_dead_letters_waiting{queue="order_saga.responses"} 3',
  ]);
  expect(await samplesOf(registry)).toEqual(samples);
  expect(asked).toHaveLength(1);
});

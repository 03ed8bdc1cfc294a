import { Type } from '@sinclair/typebox';
import pino from 'pino';
import { defineCommand } from '../contract/command.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import type { HistoryEntry } from '../engine/history.js';
import { newInstance } from '../engine/instance.js';
import { sagaLog } from './saga-log.js';
import { SagaRegistry } from './saga-registry.js';

const none = Type.Object({});
const ship = defineCommand({ task: 'depot.ship', description: '', payload: none, reply: none, refusals: {} });
const { retriable } = stepsFor<{ parcelId: string }, null>();
const sagaWith = (logFields: (data: { parcelId: string }) => object) =>
  defineSaga({
    name: 'parcel_saga',
    data: Type.Object({ parcelId: Type.String() }),
    logFields,
    steps: [retriable({ command: ship, payload: () => ({}) })],
  });
const withKeys = sagaWith(({ parcelId }) => ({ parcelId }));

/** @returns the lines that one input leaves */
function linesOf(
  level: string,
  history: readonly HistoryEntry[],
  saga = withKeys,
  traceparent: string | null = null,
): Record<string, unknown>[] {
  const lines: string[] = [];
  const logger = pino({ level }, { write: (line: string) => void lines.push(line) });
  const instance = newInstance(saga, 'a saga', { parcelId: 'p1' }, traceparent);
  sagaLog(logger, new SagaRegistry<null>([saga])).saved([{ instance, history, decidedAt: 0 }], 0);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const failed = { type: 'step_failed', step: 'depot.ship', attempt: 2, commandId: 'a saga:1', code: 'BROKEN' } as const;

it('says with each line which saga, business key, step, attempt and command it concerns', () => {
  expect(linesOf('info', [failed])).toEqual([
    expect.objectContaining({
      level: 30,
      sagaId: 'a saga',
      parcelId: 'p1',
      step: 'depot.ship',
      attempt: 2,
      commandId: 'a saga:1',
      code: 'BROKEN',
    }),
  ]);
});

it('says which trace a line belongs to, if to any', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const [traced] = linesOf('info', [failed], withKeys, `00-${traceId}-b7ad6b7169203331-00`);
  expect(traced).toMatchObject({ trace_id: traceId });
  for (const traceparent of [null, 'nonsense'])
    expect(linesOf('info', [failed], withKeys, traceparent)[0]).not.toHaveProperty('trace_id');
});

it('tells of a stuck saga as an error, and of what is as it should be only to those who debug', () => {
  const history = [
    { type: 'command_sent', step: 'depot.ship' },
    { ...failed, type: 'stuck' },
  ] as const;
  expect(linesOf('info', history).map(({ level }) => level)).toEqual([50]);
  expect(linesOf('debug', history).map(({ level, msg }) => [level, msg])).toEqual([
    [20, 'command sent'],
    [50, 'a saga is stuck and needs an operator'],
  ]);
});

it('never tells payloads and replies, which may hold secrets', () => {
  const history = [{ type: 'step_succeeded', reply: { secret: 'x' }, payload: { secret: 'x' } }] as const;
  expect(JSON.stringify(linesOf('debug', history))).not.toContain('secret');
});

it('logs on when the business keys cannot be had', () => {
  const broken = sagaWith(() => {
    throw new Error('no parcel');
  });
  expect(linesOf('info', [failed], broken)).toEqual([
    expect.objectContaining({ sagaId: 'a saga', logFieldsError: 'no parcel' }),
  ]);
});

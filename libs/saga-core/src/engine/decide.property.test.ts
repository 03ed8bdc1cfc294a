import { Type } from '@sinclair/typebox';
import fc from 'fast-check';
import { defineCommand, defineUndo } from '../contract/command.js';
import type { Outcome } from '../contract/outcome.js';
import { commandIdOf } from '../contract/routing.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import type { SagaEvent } from './event.js';
import { hasEnded, newInstance, type SagaInstance } from './instance.js';
import { transition } from './decide.js';

const empty = Type.Object({});
const action = (task: string) =>
  defineCommand({ task, description: '', payload: empty, reply: empty, refusals: { NO: '' } });
const undoOf = (task: string, undoes: ReturnType<typeof action>) =>
  defineUndo({ task, description: '', undoes, payload: empty });

const Data = Type.Object({ trip: Type.Optional(Type.String()) });
type Data = { trip?: string };
const { compensatable, readOnly, pivot, retriable } = stepsFor<Data>();
const payload = () => ({});
const retry = { replyTimeoutMs: 10, attempts: 2, backoff: { initialMs: 1, factor: 1, maxMs: 1 } };
const actions = { book: action('a.book'), read: action('b.read'), pay: action('c.pay'), ship: action('d.ship') };
const patient = defineSaga({
  name: 'any_saga',
  data: Data,
  steps: [
    compensatable({
      command: actions.book,
      payload,
      ...retry,
      undo: { command: undoOf('a.unbook', actions.book), payload, ...retry },
    }),
    readOnly({ command: actions.read, payload, ...retry }),
    pivot({
      command: actions.pay,
      payload,
      ...retry,
      undo: { command: undoOf('c.unpay', actions.pay), payload, ...retry },
    }),
    retriable({ command: actions.ship, payload, ...retry }),
  ],
});

const hasty = { ...patient, deadlineMs: 12 };

const outcomes: Outcome[] = [
  { kind: 'success', reply: {} },
  { kind: 'refusal', code: 'NO', message: '' },
  { kind: 'error', code: 'BROKE', message: '' },
  // It has happened, and the answer is of no use.
  { kind: 'success', reply: 7 },
];

const WHAT = [
  ...['reply', 'lost reply', 'deadline', 'returned'],
  ...['retry', 'skip', 'compensate', 'accept', 'give-up'],
] as Happening['what'][];

/** What happens: something to the awaited command (0), or to some other one. */
interface Happening {
  readonly what:
    'reply' | 'lost reply' | 'deadline' | 'returned' | 'retry' | 'skip' | 'compensate' | 'accept' | 'give-up';
  readonly outcome: Outcome;
  readonly sequenceOff: number;
  readonly redelivered: boolean;
  readonly later: number;
}

const happening: fc.Arbitrary<Happening> = fc.record({
  what: fc.constantFrom(...WHAT),
  outcome: fc.constantFrom(...outcomes),
  sequenceOff: fc.constantFrom(0, 0, 0, -1, 1),
  redelivered: fc.boolean(),
  later: fc.constantFrom(0, 5, 1_000),
});

const answered: Happening = {
  what: 'reply',
  outcome: outcomes[0]!,
  sequenceOff: 0,
  redelivered: false,
  later: 0,
};

/** Begins with some steps that go well, so that each place in the saga is reached often. */
const happeningsUpTo = (maxLength: number): fc.Arbitrary<Happening[]> =>
  fc
    .tuple(fc.nat({ max: 3 }), fc.array(happening, { maxLength }))
    .map(([well, rest]) => [...Array<Happening>(well).fill(answered), ...rest]);

/** What the participants would have in force, were each success a fact. */
interface World {
  instance: SagaInstance;
  /** Commands that had their effect; the participant answers each with success ever after. */
  readonly done: Set<string>;
  readonly inForce: Set<string>;
}

function play(saga: typeof patient, happenings: readonly Happening[]): World {
  let now = 1_000;
  const world: World = {
    instance: newInstance(saga, '018f0000-0000-7000-8000-000000000001', {}, null),
    done: new Set(),
    inForce: new Set(),
  };
  const take = (event: SagaEvent): void => {
    const before = world.instance;
    const { instance } = transition(saga, before, event, now);
    // Plain comparisons: Jest's would take longer than all the rest.
    const sound =
      (!hasEnded(before.status) || instance.status === before.status) &&
      instance.sequence >= before.sequence &&
      (instance.awaited === null) === hasEnded(instance.status) &&
      (instance.awaited?.state === 'parked') === (instance.status === 'stuck') &&
      turnsInTime(before, instance, event);
    if (!sound)
      throw new Error(`${JSON.stringify(event)} led from ${JSON.stringify(before)} to ${JSON.stringify(instance)}`);
    world.instance = instance;
  };
  /** Lateness turns a saga back at its deadline, and never after the pivot. */
  const turnsInTime = (before: SagaInstance, after: SagaInstance, event: SagaEvent): boolean => {
    const isLate = saga.deadlineMs !== null && now >= before.startedAt! + saga.deadlineMs;
    const isForward = before.status === 'running' && (before.awaited?.step ?? 0) < 3;
    if (event.type === 'deadline' && isLate && isForward && before.actions[2]?.state !== 'succeeded')
      return after.failure?.code === 'SAGA_DEADLINE';
    const turned = after.failure?.code === 'SAGA_DEADLINE' && before.failure === null;
    return !turned || (isLate && isForward && after.actions[2]?.state !== 'succeeded');
  };
  take({ type: 'started' });
  for (const { what, outcome, sequenceOff, redelivered, later } of happenings) {
    const { awaited } = world.instance;
    now += later;
    const commandId = commandIdOf(world.instance.id, (awaited?.sequence ?? world.instance.sequence) + sequenceOff);
    const isAwaited = awaited !== null && sequenceOff === 0;
    const happens = what === 'lost reply' || (what === 'reply' && outcome.kind === 'success');
    if (isAwaited && happens && awaited.state === 'sent' && !world.done.has(commandId)) {
      world.done.add(commandId);
      if (awaited.direction === 'action') world.inForce.add(awaited.name);
      else world.inForce.delete({ 'a.unbook': 'a.book', 'c.unpay': 'c.pay' }[awaited.name]!);
    }
    if (what === 'reply') {
      // A success can only be told of what happened, and a refusal only of what did not.
      const isTrue = outcome.kind === 'error' || (outcome.kind === 'success') === world.done.has(commandId);
      if (!isAwaited || isTrue) take({ type: 'reply', commandId, outcome, redelivered });
    } else if (what === 'deadline') take({ type: 'deadline' });
    else if (what === 'returned') {
      if (!world.done.has(commandId)) take({ type: 'returned', commandId });
    } else if (what !== 'lost reply') {
      // An operator accepts what he has seen to be done.
      if (what === 'accept' && !(isAwaited && world.done.has(commandId))) continue;
      try {
        take({ type: 'operator', action: { type: what, by: 'ann', reason: 'because', reply: {} } });
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ACTION_NOT_ALLOWED') throw error;
      }
    }
  }
  return world;
}

describe.each([
  ['a saga', patient],
  ['a saga with a deadline', hasty],
])('transition of %s, whatever happens', (_name, saga) => {
  const skipped = (happenings: readonly Happening[]) => happenings.some(({ what }) => what === 'skip');

  it('leaves a completed saga with every effect, and a compensated one with none', () => {
    fc.assert(
      fc.property(happeningsUpTo(40), (happenings) => {
        const { instance, inForce } = play(saga, happenings);
        fc.pre(hasEnded(instance.status) && !skipped(happenings));
        const expected = instance.status === 'completed' ? ['a.book', 'b.read', 'c.pay', 'd.ship'] : [];
        expect([...inForce].filter((name) => instance.status === 'completed' || name !== 'b.read').sort()).toEqual(
          expected,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('ends or is parked once participants answer again', () => {
    fc.assert(
      fc.property(happeningsUpTo(25), (happenings) => {
        const { instance } = play(saga, [
          ...happenings,
          { ...answered, what: 'retry' },
          ...Array<Happening>(8).fill(answered),
        ]);
        expect(hasEnded(instance.status)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

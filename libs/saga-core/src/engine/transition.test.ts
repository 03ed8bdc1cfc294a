import { Type } from '@sinclair/typebox';
import { defineCommand, defineUndo } from '../contract/command.js';
import { refuse, type Outcome } from '../contract/outcome.js';
import { defineSaga, type SagaDefinition } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import type { SagaEvent } from './event.js';
import type { HistoryEntry } from './history.js';
import { newInstance, type SagaInstance } from './instance.js';
import { transition, type NextAction } from './transition.js';

const key = Type.Object({ order: Type.String() });
const verify = defineCommand({
  task: 'consumers.verify',
  description: '',
  payload: key,
  reply: Type.Object({}),
  refusals: { NO: '' },
});
const create = defineCommand({
  task: 'kitchen.create',
  description: '',
  payload: key,
  reply: Type.Object({ ticket: Type.String() }),
  refusals: { CLOSED: '' },
});
const reject = defineUndo({ task: 'kitchen.reject', description: '', undoes: create, payload: key });
const authorize = defineCommand({
  task: 'cards.authorize',
  description: '',
  payload: key,
  reply: Type.Object({}),
  refusals: { OVER: '' },
});
const reverse = defineUndo({ task: 'cards.reverse', description: '', undoes: authorize, payload: key });
const approve = defineCommand({
  task: 'kitchen.approve',
  description: '',
  payload: Type.Object({ ticket: Type.String() }),
  reply: Type.Object({}),
  refusals: { GONE: '' },
});

const Data = Type.Object({
  order: Type.String(),
  ticket: Type.Optional(Type.String()),
  broken: Type.Optional(Type.Boolean()),
});
type Data = { order: string; ticket?: string; broken?: boolean };
const { compensatable, readOnly, pivot, retriable } = stepsFor<Data>();
const local = (name: string) => ({ name, handle: () => Promise.resolve() });
const retry = { replyTimeoutMs: 1_000, attempts: 2, backoff: { initialMs: 100, factor: 2, maxMs: 1_000 } };

const saga = defineSaga({
  name: 'order_saga',
  data: Data,
  steps: [
    compensatable({ local: local('create_order'), undo: local('reject_order') }),
    readOnly({ command: verify, payload: ({ order }) => ({ order }), ...retry }),
    compensatable({
      command: create,
      payload: ({ order, broken }) => {
        if (broken) throw new RangeError('too many portions');
        return { order };
      },
      onReply: (_data, reply) => ({ ticket: reply.ticket }),
      ...retry,
      undo: { command: reject, payload: ({ order }) => ({ order }), ...retry },
    }),
    pivot({
      command: authorize,
      payload: ({ order }) => ({ order }),
      ...retry,
      undo: { command: reverse, payload: ({ order }) => ({ order }), ...retry },
    }),
    retriable({ command: approve, payload: ({ ticket }) => ({ ticket: ticket! }), ...retry }),
    retriable({ local: local('approve_order') }),
  ],
});

const SAGA_ID = '018f0000-0000-7000-8000-000000000001';
const success = (reply: unknown = {}): Outcome => ({ kind: 'success', reply });
const error = (message = 'broke'): Outcome => ({ kind: 'error', code: 'HANDLER_FAILED', message });

/** Plays a saga: local steps succeed by themselves unless told otherwise. */
class Play {
  instance: SagaInstance;
  now = 1_000_000;
  next: NextAction<Data, unknown> | null = null;
  readonly history: HistoryEntry[] = [];
  /** Every command sent, as "task#sequence/attempt". */
  readonly sent: string[] = [];
  readonly locals: string[] = [];
  private readonly definition: SagaDefinition<Data>;

  constructor(data: Data = { order: 'o1' }, definition: SagaDefinition<Data> = saga) {
    this.definition = definition;
    this.instance = newInstance(definition as unknown as SagaDefinition<never, never>, SAGA_ID, data, null);
    this.take({ type: 'started' });
  }

  take(event: SagaEvent, localOutcome: Outcome = success(undefined)): this {
    const decision = transition(this.definition, this.instance, event, this.now);
    this.instance = decision.instance;
    this.next = decision.next;
    this.history.push(...decision.history);
    if (decision.next?.type === 'send') {
      const { contract, commandId, attempt } = decision.next.command;
      this.sent.push(`${contract.task}#${commandId.split(':')[1]}/${attempt}`);
    }
    if (decision.next?.type === 'local') {
      this.locals.push(decision.next.action.name);
      return this.take({ type: 'local-outcome', outcome: localOutcome });
    }
    return this;
  }

  get awaitedId(): string {
    return `${SAGA_ID}:${this.instance.awaited!.sequence}`;
  }

  reply(outcome: Outcome, options: { id?: string; redelivered?: boolean } = {}): this {
    return this.take({
      type: 'reply',
      commandId: options.id ?? this.awaitedId,
      outcome,
      redelivered: options.redelivered ?? false,
    });
  }

  /** Lets the awaited command's time pass. */
  deadline(): this {
    this.now = this.instance.awaited!.until!;
    return this.take({ type: 'deadline' });
  }

  get lastSent(): string {
    return this.sent.at(-1)!;
  }

  get payload(): unknown {
    return this.next?.type === 'send' ? this.next.command.payload : undefined;
  }
}

const toAuthorize = () => new Play().reply(success()).reply(success({ ticket: 't1' }));
const toApprove = () => toAuthorize().reply(success());

describe('transition', () => {
  it('goes forward from top to bottom, and merges replies into the data', () => {
    const play = toApprove();
    expect(play.payload).toEqual({ ticket: 't1' });
    play.reply(success());
    expect(play.instance).toMatchObject({ status: 'completed', awaited: null, data: { order: 'o1', ticket: 't1' } });
    expect(play.sent).toEqual([
      'consumers.verify#2/1',
      'kitchen.create#3/1',
      'cards.authorize#4/1',
      'kitchen.approve#5/1',
    ]);
    expect(play.locals).toEqual(['create_order', 'approve_order']);
  });

  it('is pure: the same arguments give the same decision, and the instance is left as it was', () => {
    const { instance, now } = toAuthorize();
    const before = structuredClone(instance);
    const event: SagaEvent = { type: 'reply', commandId: `${SAGA_ID}:4`, outcome: error(), redelivered: false };
    expect(transition(saga, instance, event, now)).toEqual(transition(saga, instance, event, now));
    expect(instance).toEqual(before);
  });

  it('compensates a refusal in reverse order, without undoing the refused step, and keeps the reason', () => {
    const play = toAuthorize().reply(refuse('OVER', 'over the limit'));
    expect(play.instance.status).toBe('compensating');
    expect(play.lastSent).toBe('kitchen.reject#5/1');
    expect(play.payload).toEqual({ order: 'o1', actionId: `${SAGA_ID}:3` });
    play.reply(success());
    expect(play.locals).toEqual(['create_order', 'reject_order']);
    expect(play.instance).toMatchObject({
      status: 'compensated',
      failure: { step: 'cards.authorize', code: 'OVER', message: 'over the limit' },
    });
  });

  it('resends a silent command under its identity, then undoes it as well: unknown is not failed', () => {
    const play = toAuthorize().deadline();
    expect(play.lastSent).toBe('cards.authorize#4/2');
    play.deadline();
    expect(play.lastSent).toBe('cards.reverse#5/1');
    expect(play.payload).toMatchObject({ actionId: `${SAGA_ID}:4` });
    play.reply(success());
    expect(play.lastSent).toBe('kitchen.reject#6/1');
    expect(play.instance.failure).toMatchObject({ step: 'cards.authorize', code: 'REPLY_TIMEOUT' });
  });

  it('tells how long an answer took, or was waited for in vain, and no time for what never went out', () => {
    const play = new Play({ order: 'o1', broken: true }).deadline();
    play.now += 40;
    play.reply(success());
    const took = play.history.flatMap(({ type, step, tookMs }) =>
      type.startsWith('step_') ? [[type, step, tookMs]] : [],
    );
    expect(took).toEqual([
      ['step_succeeded', 'create_order', undefined],
      ['step_timed_out', 'consumers.verify', 1_000],
      ['step_succeeded', 'consumers.verify', 40],
      ['step_failed', 'kitchen.create', undefined],
      ['step_succeeded', 'reject_order', undefined],
    ]);
  });

  it('pauses after an error, and sends the same command again', () => {
    const play = toAuthorize().reply(error());
    expect(play.next).toBeNull();
    const pause = play.instance.awaited!.until! - play.now;
    expect(pause).toBeGreaterThanOrEqual(80);
    expect(pause).toBeLessThanOrEqual(120);
    expect(play.deadline().lastSent).toBe('cards.authorize#4/2');
  });

  it('does not ask again for what the participant may have forgotten: it parks, for even an undo would not be known', () => {
    const expired: Outcome = { kind: 'error', code: 'COMMAND_EXPIRED', message: 'too old' };
    const retriable = toApprove().reply(expired);
    expect(retriable.instance).toMatchObject({ status: 'stuck', lastError: { code: 'COMMAND_EXPIRED' } });
    const action = toAuthorize().reply(expired);
    expect(action.lastSent).toBe('cards.reverse#5/1');
    action.reply(expired);
    expect(action.instance).toMatchObject({ status: 'stuck', lastError: { code: 'COMMAND_EXPIRED' } });
    action.take({ type: 'operator', action: { type: 'skip', by: 'ann', reason: 'reversed by hand' } });
    expect(action.lastSent).toBe('kitchen.reject#6/1');
  });

  it('does nothing at a deadline that is not due', () => {
    const play = toAuthorize();
    const { instance, history, next } = transition(saga, play.instance, { type: 'deadline' }, play.now);
    expect({ instance, history, next }).toEqual({ instance: play.instance, history: [], next: null });
  });

  it('takes the reply to an earlier attempt while it pauses or waits for a later one', () => {
    expect(toAuthorize().reply(error()).reply(success()).lastSent).toBe('kitchen.approve#5/1');
    expect(toAuthorize().deadline().reply(success()).lastSent).toBe('kitchen.approve#5/1');
  });

  it('records a doubled reply without effect, and sends the awaited command again only when the broker says it delivers again', () => {
    const play = toAuthorize();
    const { awaited } = play.instance;
    play.reply(success({ ticket: 't2' }), { id: `${SAGA_ID}:3` });
    expect(play.next).toBeNull();
    expect(play.instance).toMatchObject({ awaited, data: { ticket: 't1' } });
    expect(play.history.at(-1)).toMatchObject({ type: 'reply_ignored', commandId: `${SAGA_ID}:3` });
    play.reply(success({ ticket: 't1' }), { id: `${SAGA_ID}:3`, redelivered: true });
    expect(play.lastSent).toBe('cards.authorize#4/1');
    expect(play.instance.awaited).toEqual({ ...awaited, mayHaveArrived: true });
  });

  it('ignores a success that comes after its step was given up', () => {
    const play = toAuthorize().deadline().deadline();
    play.reply(success(), { id: `${SAGA_ID}:4` });
    expect(play.instance).toMatchObject({ status: 'compensating', awaited: { name: 'cards.reverse' } });
  });

  it('has nothing to do for an instance that has ended', () => {
    const play = toApprove().reply(success());
    play.reply(error(), { id: `${SAGA_ID}:5`, redelivered: true });
    expect(play.next).toBeNull();
    expect(play.instance.status).toBe('completed');
  });

  it('parks a retriable step after its attempts, and a late reply frees it', () => {
    const play = toApprove().reply(error()).deadline().reply(error('still broken'));
    expect(play.instance).toMatchObject({
      status: 'stuck',
      awaited: { state: 'parked', until: null },
      lastError: { step: 'kitchen.approve', message: 'still broken' },
    });
    expect(play.reply(success()).instance.status).toBe('completed');
  });

  it('asks a retriable step that was refused again under a new identity, since the refusal is stored under the old one', () => {
    const play = toApprove().reply(refuse('GONE', 'no such ticket')).deadline();
    expect(play.lastSent).toBe('kitchen.approve#6/2');
  });

  it('parks an undo that fails, and goes on compensating after a retry', () => {
    const play = toAuthorize().reply(refuse('OVER', 'x')).reply(error()).deadline().reply(error());
    expect(play.instance.status).toBe('stuck');
    play.take({ type: 'operator', action: { type: 'retry', by: 'ann', reason: 'kitchen is back' } });
    expect(play.lastSent).toBe('kitchen.reject#5/1');
    expect(play.reply(success()).instance.status).toBe('compensated');
    expect(play.history).toContainEqual(
      expect.objectContaining({ type: 'operator_retried', by: 'ann', message: 'kitchen is back' }),
    );
  });

  it('compensates when a command cannot be built, without sending it or undoing it', () => {
    const play = new Play({ order: 'o1', broken: true }).reply(success());
    expect(play.sent).toEqual(['consumers.verify#2/1']);
    expect(play.instance).toMatchObject({
      status: 'compensated',
      failure: { step: 'kitchen.create', code: 'COMMAND_NOT_BUILT', message: 'too many portions' },
    });
  });

  it('undoes a step whose success cannot be used, but parks the pivot, which has happened', () => {
    expect(new Play().reply(success()).reply(success({ wrong: true })).lastSent).toBe('kitchen.reject#4/1');
    const parked = toAuthorize().reply(success(null));
    expect(parked.instance).toMatchObject({
      status: 'stuck',
      awaited: { name: 'cards.authorize' },
      lastError: { code: 'INVALID_REPLY' },
    });
  });

  it('does not undo a command that no queue ever took', () => {
    const play = toAuthorize();
    play.take({ type: 'returned', commandId: play.awaitedId }).deadline();
    play.take({ type: 'returned', commandId: play.awaitedId });
    expect(play.instance.failure).toMatchObject({ code: 'UNROUTABLE' });
    expect(play.lastSent).toBe('kitchen.reject#5/1');
  });

  it.each([
    ['an operator', { type: 'operator', action: { type: 'retry', by: 'ann', reason: 'because' } }],
    ['a redelivered reply', { type: 'reply', commandId: `${SAGA_ID}:3`, outcome: success(), redelivered: true }],
  ] as const)('undoes a command that %s had sent again and only then found no queue', (_who, again) => {
    const play = toAuthorize().take(again);
    play.take({ type: 'returned', commandId: play.awaitedId }).deadline();
    play.take({ type: 'returned', commandId: play.awaitedId });
    expect(play.instance.failure).toMatchObject({ code: 'UNROUTABLE' });
    expect(play.lastSent).toBe('cards.reverse#5/1');
  });

  it('retries a local step and compensates without undoing it', () => {
    const play = new Play()
      .reply(success())
      .reply(success({ ticket: 't1' }))
      .reply(success());
    play.take(
      { type: 'reply', commandId: play.awaitedId, outcome: success(), redelivered: false },
      error('database said no'),
    );
    expect(play.instance).toMatchObject({ status: 'running', awaited: { name: 'approve_order', state: 'pausing' } });
    expect(play.deadline().instance.status).toBe('completed');
  });

  it('lets an operator do only what the definition allows', () => {
    const operator = (play: Play, type: 'retry' | 'compensate' | 'skip') => () =>
      play.take({ type: 'operator', action: { type, by: 'ann', reason: 'because' } });
    expect(operator(toApprove(), 'compensate')).toThrow(/cannot compensate/);
    expect(operator(toApprove(), 'skip')).toThrow(/cannot skip/);
    expect(operator(toApprove().reply(success()), 'retry')).toThrow(/has ended/);
    const compensated = operator(toAuthorize(), 'compensate')();
    expect(compensated.lastSent).toBe('cards.reverse#5/1');
    const skipped = operator(toApprove().reply(error()).deadline().reply(error()), 'skip')();
    expect(skipped.instance.status).toBe('completed');
  });
});

describe('a saga with a deadline', () => {
  const START = 1_000_000;
  const hasty: SagaDefinition<Data> = { ...saga, deadlineMs: 1_500 };
  const begun = () => new Play({ order: 'o1' }, hasty);
  const late = { code: 'SAGA_DEADLINE', message: 'The saga has not come past its pivot within 1500 ms' };

  it('wakes at the earlier of the two deadlines', () => {
    const play = begun();
    expect(play.instance).toMatchObject({ startedAt: START, awaited: { until: START + 1_000 } });
    play.now += 900;
    play.reply(success());
    expect(play.instance.awaited!.until).toBe(START + 1_500);
  });

  it('undoes a command whose outcome is unknown with all before it, and says why', () => {
    const play = begun().reply(success()).deadline();
    expect(play.lastSent).toBe('kitchen.create#3/2');
    expect(play.deadline().lastSent).toBe('kitchen.reject#4/1');
    expect(play.instance).toMatchObject({ status: 'compensating', failure: { step: 'kitchen.create', ...late } });
    expect(play.history).toContainEqual(expect.objectContaining({ type: 'compensating', ...late }));
    // There is only back now, and that takes as long as it takes.
    expect(play.instance.awaited!.until).toBe(play.now + 1_000);
    expect(play.reply(success()).instance.status).toBe('compensated');
  });

  it('does not undo what waits to be tried and has never arrived', () => {
    const play = begun().reply(success());
    play.take({ type: 'returned', commandId: play.awaitedId });
    play.now = START + 1_500;
    play.take({ type: 'deadline' });
    expect(play.instance).toMatchObject({ status: 'compensated', failure: late });
    expect(play.lastSent).toBe('kitchen.create#3/1');
  });

  it('shortens a pause, and begins no step when a reply comes late', () => {
    const play = begun();
    play.now = START + 1_450;
    play.reply(error());
    expect(play.instance.awaited).toMatchObject({ state: 'pausing', until: START + 1_500 });
    play.now = START + 1_600;
    play.reply(success());
    expect(play.instance).toMatchObject({ status: 'compensated', failure: { step: 'consumers.verify', ...late } });
    expect(play.sent).toEqual(['consumers.verify#2/1']);
  });

  it('undoes a pivot whose outcome is unknown', () => {
    const play = begun()
      .reply(success())
      .reply(success({ ticket: 't1' }));
    play.now = START + 1_500;
    play.take({ type: 'deadline' });
    expect(play.lastSent).toBe('cards.reverse#5/1');
    expect(play.instance.failure).toMatchObject(late);
  });

  it('only goes forward once the pivot has happened, however late it was told', () => {
    const play = begun()
      .reply(success())
      .reply(success({ ticket: 't1' }));
    play.now = START + 60_000;
    play.reply(success());
    expect(play.lastSent).toBe('kitchen.approve#5/1');
    expect(play.instance.awaited!.until).toBe(play.now + 1_000);
    play.deadline();
    expect(play.lastSent).toBe('kitchen.approve#5/2');
    expect(play.reply(success()).instance.status).toBe('completed');
  });

  it('leaves a pivot alone that has happened and was stuck: its operator is given time', () => {
    const play = begun()
      .reply(success())
      .reply(success({ ticket: 't1' }))
      .reply(success('not an object'));
    expect(play.instance.status).toBe('stuck');
    play.now = START + 60_000;
    play.take({ type: 'operator', action: { type: 'retry', by: 'ann', reason: 'mended' } });
    expect(play.instance.awaited!.until).toBe(play.now + 1_000);
    expect(play.reply(success()).lastSent).toBe('kitchen.approve#5/1');
  });
});

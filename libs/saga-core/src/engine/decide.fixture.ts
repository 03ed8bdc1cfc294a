/** A saga with every kind of step, and a way to play it, for the tests of the decision. */
import { Type } from '@sinclair/typebox';
import { defineCommand, defineUndo } from '../contract/command.js';
import type { Outcome } from '../contract/outcome.js';
import { defineSaga, type SagaDefinition } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import type { SagaEvent } from './event.js';
import type { HistoryEntry } from './history.js';
import { newInstance, type SagaInstance } from './instance.js';
import { transition } from './decide.js';
import type { NextAction } from './draft.js';

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
export type Data = { order: string; ticket?: string; broken?: boolean };
const { compensatable, readOnly, pivot, retriable } = stepsFor<Data>();
const local = (name: string) => ({ name, handle: () => Promise.resolve() });
const retry = { replyTimeoutMs: 1_000, attempts: 2, backoff: { initialMs: 100, factor: 2, maxMs: 1_000 } };

export const saga = defineSaga({
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

export { create as createTicket, reject as rejectTicket };
export const SAGA_ID = '018f0000-0000-7000-8000-000000000001';
export const success = (reply: unknown = {}): Outcome => ({ kind: 'success', reply });
export const error = (message = 'broke'): Outcome => ({ kind: 'error', code: 'HANDLER_FAILED', message });

/** Plays a saga: local steps succeed by themselves unless told otherwise. */
export class Play {
  instance: SagaInstance;
  now = 1_000_000;
  next: NextAction<Data, never> | null = null;
  readonly history: HistoryEntry[] = [];
  /** Every command sent, as "task#sequence/attempt". */
  readonly sent: string[] = [];
  readonly locals: string[] = [];
  private readonly definition: SagaDefinition<Data>;

  constructor(data: Data = { order: 'o1' }, definition: SagaDefinition<Data> = saga) {
    this.definition = definition;
    this.instance = newInstance(definition, SAGA_ID, data, null);
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

  reply(outcome: Outcome, options: { id?: string; redelivered?: boolean; task?: string; attempt?: number } = {}): this {
    const { id, redelivered = false, ...told } = options;
    return this.take({ type: 'reply', commandId: id ?? this.awaitedId, ...told, outcome, redelivered });
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

/** The card is asked for. */
export const toAuthorize = () => new Play().reply(success()).reply(success({ ticket: 't1' }));
/** The pivot has happened. */
export const toApprove = () => toAuthorize().reply(success());

/** A saga with every kind of step, for the tests of this folder. */
import { Type } from '@sinclair/typebox';
import { defineCommand, defineUndo } from '../contract/command.js';
import { refuse } from '../contract/outcome.js';
import { defineService } from '../contract/service.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import type { Random } from './random.js';
import type { SimulatedParticipant } from './simulated-system.js';

const order = Type.Object({ order: Type.String() });
const none = Type.Object({});

const verify = defineCommand({
  task: 'consumers.verify',
  description: '',
  payload: order,
  reply: none,
  refusals: { NO: '' },
});
const ticket = Type.Object({ ticket: Type.String() });
const create = defineCommand({
  task: 'kitchen.create',
  description: '',
  payload: order,
  reply: ticket,
  refusals: { NO: '' },
});
const reject = defineUndo({ task: 'kitchen.reject', description: '', undoes: create, payload: order });
const approve = defineCommand({ task: 'kitchen.approve', description: '', payload: order, reply: none, refusals: {} });
const authorize = defineCommand({
  task: 'cards.authorize',
  description: '',
  payload: order,
  reply: none,
  refusals: { NO: '' },
});
const reverse = defineUndo({ task: 'cards.reverse', description: '', undoes: authorize, payload: order });

const Data = Type.Object({
  order: Type.String(),
  ticket: Type.Optional(Type.String()),
  since: Type.Optional(Type.String()),
});
type Data = { order: string; ticket?: string; since?: string };

const { compensatable, readOnly, pivot, retriable } = stepsFor<Data>();
const retry = { replyTimeoutMs: 1_000, attempts: 3 };
const payload = ({ order: id }: Data) => ({ order: id });
const local = (name: string) => ({ name, handle: () => Promise.resolve() });

export const orderSaga = defineSaga({
  name: 'order_saga',
  data: Data,
  steps: [
    compensatable({ local: local('create_order'), undo: local('reject_order') }),
    readOnly({ command: verify, payload, ...retry }),
    compensatable({
      command: create,
      payload,
      // A date is text as soon as it is saved.
      onReply: (_data, reply) => ({ ticket: reply.ticket, since: new Date() as unknown as string }),
      ...retry,
      undo: { command: reject, payload, ...retry },
    }),
    pivot({ command: authorize, payload, ...retry, undo: { command: reverse, payload, ...retry } }),
    retriable({ command: approve, payload, ...retry }),
    retriable({ local: local('approve_order') }),
  ],
});

/** Handlers see the virtual time, which begins with this year. */
const OPENS_AT = Date.UTC(2026, 0, 1, 0, 1);

/** Orders whose name says so are refused, break a handler at the first attempt, or break it for a minute, each time. */
const answering =
  (who: string, reply: object) =>
  async (_tx: unknown, { payload: given, attempt }: { payload: unknown; attempt: number }): Promise<object> => {
    const { order: id } = given as { order: string };
    if (id.includes(`break ${who}`) && attempt < 2) throw new Error('out of paper');
    if (id.includes(`close ${who}`) && Date.now() < OPENS_AT) throw new Error('nobody is there');
    return id.includes(`refuse ${who}`) ? refuse('NO', 'no') : reply;
  };

const service = (name: string, commands: Record<string, typeof verify>): SimulatedParticipant['service'] =>
  defineService({ name, title: '', description: '', commands });

export const participants: SimulatedParticipant[] = [
  { service: service('consumers', { verify }), handlers: { verify: answering('consumers', {}) } },
  {
    service: service('kitchen', { create, reject, approve } as never),
    handlers: {
      create: answering('kitchen', { ticket: 't1' }),
      reject: async () => ({}),
      approve: answering('approval', {}),
    },
  },
  {
    service: service('cards', { authorize, reverse } as never),
    handlers: { authorize: answering('cards', {}), reverse: async () => ({}) },
  },
];

const NAMES = [
  'good',
  'good',
  'refuse consumers',
  'refuse kitchen',
  'refuse cards',
  'break kitchen',
  'close kitchen',
  'break approval',
  'close approval',
];

export const data = (random: Random, number: number): Data => ({ order: `${random.pick(NAMES)} ${number}` });

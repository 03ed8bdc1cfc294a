/** Messages that nobody should send: each kind with what must become of it. Bodies and properties come from a seed. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ChannelModel, Options } from 'amqplib';
import type { Random } from 'saga-core/testing';

export interface Rubbish {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  readonly properties: Options.Publish;
}

/**
 * What must become of it: a dead letter with this cause, an answer to its replyTo, or nothing at all but an
 * acknowledgement.
 */
export type Fate = { readonly dead: string } | 'answered' | 'ignored';

export interface RubbishKind {
  readonly name: string;
  readonly fate: Fate;
  /** Large: there is one of it for ten of another kind. */
  readonly isRare: boolean;
  make(random: Random): Rubbish;
}

const CREATE = 'restaurant_service.create_ticket';
const MIB = 1_048_576;
/**
 * A client library sends only text as a short string; this one stands for bytes that are none: see {@link sendNoText}.
 */
const NO_TEXT = '\u0001'.repeat(255);
const hex = (random: Random, length: number): string =>
  Array.from({ length }, () => random.below(16).toString(16)).join('');
const uuid = (random: Random): string => [8, 4, 4, 4, 12].map((length) => hex(random, length)).join('-');
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
/** JSON that is as deep as its body is long. */
const deep = (levels: number, core = '1'): string => '['.repeat(levels) + core + ']'.repeat(levels);
const noise = (random: Random): Buffer =>
  Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)));
/** A command in the right form, for a restaurant that does not exist: what is answered has no effect. */
const ticket = (random: Random) => ({
  orderId: uuid(random),
  restaurantId: 999,
  items: [{ name: 'Dish 1', quantity: 1 + random.below(9) }],
});

const kind = (name: string, fate: Fate, make: RubbishKind['make'], isRare = false): RubbishKind => ({
  name,
  fate,
  isRare,
  make,
});

/** @returns the next kind to send */
export function pickKind(random: Random, kinds: readonly RubbishKind[]): RubbishKind {
  const picked = random.pick(kinds);
  return picked.isRare && random.below(10) > 0 ? pickKind(random, kinds) : picked;
}

/** Rubbish for the command queue of restaurant-service. @param replyTo - an exchange that exists */
export function commandRubbish(replyTo: string): RubbishKind[] {
  const to = (routingKey: string, body: Buffer, correlationId: string, properties: Options.Publish = {}): Rubbish => ({
    exchange: 'saga.commands',
    routingKey,
    body,
    properties: { correlationId, replyTo, ...properties },
  });
  const id = (random: Random): string => `${uuid(random)}:${1 + random.below(9)}`;
  const unparseable: Fate = { dead: 'UNPARSEABLE' };
  const unknown: Fate = { dead: 'UNKNOWN_TASK' };
  const refused: Fate = { dead: 'REPLY_ADDRESS_REFUSED' };
  return [
    kind('noise', unparseable, (random) => to(CREATE, Buffer.concat([Buffer.from([0xff]), noise(random)]), id(random))),
    kind('an empty body', unparseable, (random) => to(CREATE, Buffer.alloc(0), id(random))),
    kind('half of a command', unparseable, (random) =>
      to(CREATE, json(ticket(random)).subarray(0, 20 + random.below(20)), id(random)),
    ),
    kind('a task of another name', unknown, (random) =>
      to(`restaurant_service.${hex(random, 1 + random.below(30))}`, json(ticket(random)), id(random)),
    ),
    kind('a task that every object has', unknown, (random) =>
      to(
        `restaurant_service.${random.pick(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])}`,
        json({}),
        id(random),
      ),
    ),
    kind('a task that no text column takes', unknown, (random) =>
      to(`restaurant_service.\0${hex(random, 4)}\n`, json({}), id(random)),
    ),
    kind('no correlationId', { dead: 'NO_CORRELATION_ID' }, (random) => to(CREATE, json(ticket(random)), '', {})),
    kind('no replyTo', { dead: 'NO_REPLY_ADDRESS' }, (random) =>
      to(CREATE, json(ticket(random)), id(random), { replyTo: '' }),
    ),
    kind('a replyTo that is no reply exchange', refused, (random) =>
      to(CREATE, json(ticket(random)), id(random), {
        replyTo: random.pick(['amq.topic', 'saga.commands', 'x'.repeat(255), '../a.responses']),
      }),
    ),
    kind('a replyTo that does not exist', refused, (random) =>
      to(CREATE, json(ticket(random)), id(random), { replyTo: `s${hex(random, 8)}.responses` }),
    ),
    kind('JSON of another shape', 'answered', (random) =>
      to(CREATE, Buffer.from(random.pick(['null', '[]', '"x"', '1e999', 'true', '{}', '[{}]'])), id(random)),
    ),
    kind('__proto__', 'answered', (random) =>
      to(
        CREATE,
        Buffer.from(`{"__proto__":${JSON.stringify(ticket(random))},"constructor":{"prototype":{"polluted":1}}}`),
        id(random),
      ),
    ),
    kind(
      'deep nesting',
      unparseable,
      (random) => to(CREATE, Buffer.from(deep(1_000 + random.below(50_000))), id(random)),
      true,
    ),
    kind(
      'deep nesting inside a command',
      unparseable,
      (random) =>
        to(CREATE, Buffer.from(`{"more":${deep(50_000)},${JSON.stringify(ticket(random)).slice(1)}`), id(random)),
      true,
    ),
    kind('text that no database takes', 'answered', (random) =>
      to(CREATE, json({ ...ticket(random), items: [{ name: 'Dish \0\ud800', quantity: 1 }] }), id(random)),
    ),
    kind('a body of the largest size', 'answered', (random) => to(CREATE, json('x'.repeat(MIB - 2)), id(random)), true),
    kind(
      'a body that is too large',
      { dead: 'TOO_LARGE' },
      (random) => to(CREATE, json('x'.repeat(MIB - 1 + random.below(1_000))), id(random)),
      true,
    ),
    kind('a correlationId of another form', 'answered', (random) =>
      to(
        CREATE,
        json(ticket(random)),
        random.pick([
          `${hex(random, 20)}`,
          `${uuid(random)}:0`,
          `${uuid(random)}:1e3`,
          'x'.repeat(200) + hex(random, 20),
        ]),
      ),
    ),
    kind('a correlationId that is no text', { dead: 'NO_CORRELATION_ID' }, (random) =>
      to(CREATE, json(ticket(random)), NO_TEXT),
    ),
    kind('an attempt that is no number', 'answered', (random) =>
      to(CREATE, json(ticket(random)), id(random), {
        headers: {
          'x-saga-attempt': random.pick<unknown>([{ toString: 'x', valueOf: 'y' }, 'many', -1, [[]], null, true]),
        },
      }),
    ),
    kind(
      'a traceparent without end',
      'answered',
      (random) => to(CREATE, json(ticket(random)), id(random), { headers: { traceparent: 'x'.repeat(65_480) } }),
      true,
    ),
    kind('more headers than a letter can keep', { dead: 'UNPARSEABLE' }, (random) =>
      to(CREATE, Buffer.from('{'), id(random), {
        headers: Object.fromEntries(
          Array.from({ length: 250 }, (_, index) => [`${'h'.repeat(60)}${index}`, 'x'.repeat(150)]),
        ),
      }),
    ),
    kind('headers of every type', 'answered', (random) =>
      to(CREATE, json(ticket(random)), id(random), {
        headers: {
          ['__proto__x']: { a: [1, { b: true }] },
          'x-death': [{ count: 10 ** 9 }],
          'x-cause': 'NONE',
          'x-saga-id': { deep: { deep: {} } },
          traceparent: 5,
        },
      }),
    ),
    kind('properties of another kind of message', 'answered', (random) =>
      to(CREATE, json(ticket(random)), id(random), {
        contentType: 'image/png',
        contentEncoding: 'gzip',
        priority: 200,
        messageId: '1',
        timestamp: 2 ** 40,
        expiration: '60000',
        type: 'x',
        appId: hex(random, 200),
      }),
    ),
  ];
}

/** Rubbish for the reply queue of the create-order saga. */
export function replyRubbish(): RubbishKind[] {
  const SAGA = 'create_order_saga.responses';
  const SUCCESS = `${CREATE}.response.success`;
  const FAILURE = `${CREATE}.response.failure`;
  const dead: Fate = { dead: 'NOT_A_REPLY' };
  const to = (routingKey: string, body: Buffer, correlationId: string, properties: Options.Publish = {}): Rubbish => ({
    exchange: SAGA,
    routingKey,
    body,
    properties: { correlationId, ...properties },
  });
  const id = (random: Random): string => `${uuid(random)}:${1 + random.below(9)}`;
  const failure = { kind: 'error', code: 'X', message: 'x' };
  return [
    kind('reply: noise', dead, (random) =>
      to(SUCCESS, Buffer.concat([Buffer.from([0xff]), noise(random)]), id(random)),
    ),
    kind('reply: a routing key of another form', dead, (random) =>
      to(
        random.pick([
          'a.b.response.maybe',
          'A.B.response.success',
          '__proto__.x.response.success',
          'a.\0.response.failure',
        ]),
        json({}),
        id(random),
      ),
    ),
    kind('reply: straight into the queue', dead, (random) => ({ ...to(SAGA, json({}), id(random)), exchange: '' })),
    kind('reply: no correlationId', dead, () => to(SUCCESS, json({}), '')),
    kind('reply: a correlationId of another form', dead, (random) =>
      to(
        SUCCESS,
        json({}),
        random.pick([
          hex(random, 30),
          `${uuid(random)}:0`,
          `${uuid(random)}:9999999999`,
          `${uuid(random).toUpperCase()}A:1`,
        ]),
      ),
    ),
    kind('reply: a failure of another shape', dead, (random) =>
      to(
        FAILURE,
        json(
          random.pick<unknown>([
            null,
            [],
            'x',
            {},
            { ...failure, kind: 'x' },
            { ...failure, code: '' },
            { ...failure, message: 7 },
          ]),
        ),
        id(random),
      ),
    ),
    kind('reply: too large', dead, (random) => to(SUCCESS, json('x'.repeat(MIB)), id(random)), true),
    kind('reply: to a saga that never was', 'ignored', (random) =>
      to(random.pick([SUCCESS, FAILURE]), json({ ...failure, ticketId: uuid(random) }), id(random)),
    ),
    kind('reply: deep nesting', dead, (random) => to(SUCCESS, Buffer.from(deep(20_000)), id(random)), true),
    kind(
      'reply: hostile headers',
      'ignored',
      (random) =>
        to(SUCCESS, json({}), id(random), {
          headers: { 'x-saga-id': { toString: 1 }, traceparent: 'x'.repeat(60_000) },
        }),
      true,
    ),
  ];
}

/** Has a connection send bytes that are no UTF-8 in place of {@link NO_TEXT}. */
export function sendNoText(connection: ChannelModel): void {
  const { stream } = connection.connection as unknown as { stream: Socket };
  const { write } = stream;
  const from = Buffer.from(NO_TEXT);
  stream.write = (chunk: Uint8Array | string): boolean => {
    const bytes = Buffer.from(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk);
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at)) bytes.fill(0xff, at, at + from.length);
    return write.call(stream, bytes);
  };
}

/** @returns noise of a size, for bodies so large that chance would take too long */
export const largeBody = (bytes: number): Buffer => randomBytes(bytes);

import { Type } from '@sinclair/typebox';
import { defineCommand } from '../contract/command.js';
import type { IncomingMessage } from '../contract/message.js';
import { defineService } from '../contract/service.js';
import { CONSTANTS } from '../settings.js';
import { commandsByTask, receive } from './received-command.js';

const book = defineCommand({
  task: 'hotel.book',
  description: '',
  payload: Type.Object({ guest: Type.String() }),
  reply: Type.Object({}),
  refusals: {},
});
const commands = commandsByTask(defineService({ name: 'hotel', title: '', description: '', commands: { book } }));
const good: IncomingMessage = {
  exchange: 'saga.commands',
  routingKey: 'hotel.book',
  correlationId: '018f0000-0000-7000-8000-000000000001:3',
  replyTo: 'trip_saga.responses',
  headers: { 'x-saga-attempt': 2, traceparent: '00-a-b-01' },
  body: Buffer.from('{"guest":"Ann","unknown":1}'),
  redelivered: false,
  deliveredBefore: false,
};
const receiveWith = (changes: Partial<Record<keyof IncomingMessage, unknown>>) =>
  receive({ ...good, ...changes } as IncomingMessage, commands);

describe('receive', () => {
  it('does not take a command whose headers could not be read', () => {
    const headers = { 'x-unreadable-headers': 'nested' };
    expect(receiveWith({ headers })).toEqual({ type: 'dead', cause: 'UNREADABLE_HEADERS', detail: 'nested' });
  });

  it('does not take a body that is not UTF-8', () => {
    const body = Buffer.from('{"guest":"Zoë"}', 'latin1');
    expect(receiveWith({ body })).toMatchObject({ type: 'dead', cause: 'UNPARSEABLE' });
  });

  it('accepts a command, and ignores properties that it does not know', () => {
    expect(receiveWith({})).toMatchObject({
      type: 'accepted',
      command: {
        identity: { sequence: 3 },
        key: 'book',
        traceparent: '00-a-b-01',
        received: { attempt: 2, payload: { guest: 'Ann' } },
      },
    });
  });

  it('needs no header', () => {
    expect(receiveWith({ headers: {} })).toMatchObject({
      type: 'accepted',
      command: { traceparent: null, received: { attempt: 1 } },
    });
    expect(receiveWith({ headers: { 'x-saga-attempt': 'many', traceparent: 7 } })).toMatchObject({
      command: { received: { attempt: 1 } },
    });
  });

  it('reads headers that are tables, or without end, as none', () => {
    const attempt = { toString: 'not a function', valueOf: 'neither' };
    const headers = { 'x-saga-attempt': attempt, traceparent: 'x'.repeat(65_000) };
    expect(receiveWith({ headers })).toMatchObject({ command: { traceparent: null, received: { attempt: 1 } } });
  });

  it.each<[string, Partial<Record<keyof IncomingMessage, unknown>>]>([
    ['UNPARSEABLE', { body: Buffer.from('{"guest":') }],
    ['UNPARSEABLE', { body: Buffer.alloc(0) }],
    ['TOO_LARGE', { body: Buffer.alloc(CONSTANTS.maxMessageBytes + 1, 32) }],
    ['UNKNOWN_TASK', { routingKey: 'hotel.burn' }],
    ['UNKNOWN_TASK', { routingKey: '__proto__' }],
    ['NO_CORRELATION_ID', { correlationId: undefined }],
    ['NO_REPLY_ADDRESS', { replyTo: undefined }],
  ])('dead-letters what cannot be answered: %s', (cause, changes) => {
    expect(receiveWith(changes)).toMatchObject({ type: 'dead', cause });
  });

  it.each<[string, Partial<Record<keyof IncomingMessage, unknown>>]>([
    ['INVALID_PAYLOAD', { body: Buffer.from('{"guest":7}') }],
    ['INVALID_PAYLOAD', { body: Buffer.from('null') }],
    ['INVALID_PAYLOAD', { body: Buffer.from('[]') }],
    ['INVALID_COMMAND_ID', { correlationId: 'abc' }],
    ['INVALID_COMMAND_ID', { correlationId: '018f0000-0000-7000-8000-000000000001:0' }],
  ])('answers at once what is wrong but can be answered: %s', (code, changes) => {
    expect(receiveWith(changes)).toMatchObject({ type: 'answered', outcome: { kind: 'error', code } });
  });
});

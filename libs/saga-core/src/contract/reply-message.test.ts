import type { IncomingMessage, OutgoingMessage } from './message.js';
import type { Outcome } from './outcome.js';
import { parseReply, replyMessage } from './reply-message.js';

const commandId = '018f0000-0000-7000-8000-000000000001:3';
const arrived = ({ exchange, routingKey, correlationId, body }: OutgoingMessage): IncomingMessage => ({
  exchange,
  routingKey,
  correlationId,
  replyTo: undefined,
  headers: {},
  body,
  redelivered: false,
  deliveredBefore: false,
});
const roundTrip = (outcome: Outcome) =>
  parseReply(arrived(replyMessage({ task: 'hotel.book', commandId, outcome }, 'trip_saga.responses')))?.outcome;

describe('a reply', () => {
  it.each<Outcome>([
    { kind: 'success', reply: { room: 7 } },
    { kind: 'refusal', code: 'FULL', message: 'no room', details: { free: 0 } },
    { kind: 'error', code: 'HANDLER_FAILED', message: '' },
  ])('comes out as it went in: %j', (outcome) => {
    expect(roundTrip(outcome)).toEqual(outcome);
  });

  it('is cut, not lost, when its message is too long, also when the sender did not cut it', () => {
    const long: Outcome = { kind: 'refusal', code: 'FULL', message: 'x'.repeat(10_000) };
    const sent = replyMessage({ task: 'hotel.book', commandId, outcome: long }, 'trip_saga.responses');
    expect((JSON.parse(sent.body.toString()) as { message: string }).message).toHaveLength(2_000);
    const uncut = arrived({ ...sent, body: Buffer.from(JSON.stringify(long)) });
    expect(parseReply(uncut)?.outcome).toEqual({ ...long, message: 'x'.repeat(2_000) });
  });

  it('is cut between characters, and counts them as JSON Schema does', () => {
    const send = (message: string) => roundTrip({ kind: 'error', code: 'HANDLER_FAILED', message });
    expect(send('😀'.repeat(2_000))).toMatchObject({ message: '😀'.repeat(2_000) });
    expect(send(`x${'😀'.repeat(2_000)}`)).toMatchObject({ message: `x${'😀'.repeat(1_999)}` });
  });

  it.each([
    ['another routing key', { routingKey: 'hotel.book' }],
    ['no correlation id', { correlationId: undefined }],
    ['a body that is not JSON', { body: Buffer.from('{') }],
    ['a failure without a code', { routingKey: 'hotel.book.response.failure', body: Buffer.from('{"kind":"error"}') }],
    ['a failure that is null', { routingKey: 'hotel.book.response.failure', body: Buffer.from('null') }],
  ])('is none with %s', (_what, changes) => {
    const good = arrived(
      replyMessage({ task: 'hotel.book', commandId, outcome: { kind: 'success', reply: {} } }, 'trip_saga.responses'),
    );
    expect(parseReply({ ...good, ...changes })).toBeNull();
  });
});

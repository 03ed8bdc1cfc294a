import { Type } from '@sinclair/typebox';
import { Ajv } from 'ajv';
import { defineCommand, defineUndo, type CommandContract } from '../contract/command.js';
import { isValid } from '../contract/validation.js';
import { barrierDecisions } from '../participant/barrier.js';
import { CONSTANTS } from '../settings.js';
import { failureSchema, refusalsOf } from './failures.js';
import { messagesOf, schemasOf } from './messages.js';
import { plain } from './names.js';
import { participantDescription } from './descriptions.js';

const book = defineCommand({
  task: 'hotel.book',
  description: 'Books.',
  payload: Type.Object({ nights: Type.Integer({ minimum: 2 }), names: Type.Array(Type.String({ minLength: 6 })) }),
  reply: Type.Object({}),
  refusals: { FULL: 'No room is left.', CLOSED: 'It is winter.' },
});
const cancel = defineUndo({ task: 'hotel.cancel', description: 'Gives back.', undoes: book, payload: Type.Object({}) });

interface Message {
  readonly payload: object;
  readonly examples: { name: string; payload: Record<string, unknown> }[];
}
const messages = (contract: CommandContract, undosThere = true) =>
  messagesOf({ contract, refusals: refusalsOf(contract, undosThere) }, null) as unknown as Record<string, Message>;

test('examples are made of schemas, and satisfy them', () => {
  const [example] = messages(book).book!.examples;
  expect(isValid(book.payload, example!.payload)).toBe(true);
  expect(example!.payload.nights).toBe(2);
});

test('a pattern without an example is refused, with the name of the field', () => {
  const payload = Type.Object({ id: Type.String({ pattern: '^[0-9]+$' }) });
  expect(() => messages({ ...book, payload })).toThrow(/hotel\.book: its payload has no example.*\/id/);
});

test('each refusal has an example; the schema takes them and errors of any code, and no other refusal', () => {
  const { examples } = messages(book).book_failure!;
  expect(examples.map(({ name }) => name)).toEqual(['FULL', 'CLOSED', 'BARRED', 'HANDLER_FAILED']);
  const schema = failureSchema(refusalsOf(book, true));
  for (const { payload } of examples) expect(isValid(schema, payload)).toBe(true);
  expect(isValid(schema, { kind: 'error', code: 'MY_OWN', message: 'x' })).toBe(true);
  expect(isValid(schema, { kind: 'refusal', code: 'MY_OWN', message: 'x' })).toBe(false);
});

test('an undo cannot be refused', () => {
  const schema = failureSchema(refusalsOf(cancel, true));
  expect(isValid(schema, { kind: 'refusal', code: 'BARRED', message: 'x' })).toBe(false);
  expect(isValid(schema, { kind: 'error', code: 'HANDLER_FAILED', message: 'x' })).toBe(true);
});

/** What the barrier answers by itself. */
const answerTo = (type: 'barred' | 'expired') => {
  const identity = { sagaId: '018f0000-0000-7000-8000-000000000001', sequence: 1 };
  const [verdict] = barrierDecisions(
    [{ identity, contract: book } as never],
    [{ identity, as: 'command' }],
    [{ type }],
  );
  return (verdict as { outcome: unknown }).outcome;
};

test.each(['barred', 'expired'] as const)(
  'what the library answers to a command that is %s is as its document says',
  (type) => {
    const answer = answerTo(type);
    expect(isValid(failureSchema(refusalsOf(book, true)), answer)).toBe(true);
    // Nothing can be barred where nothing can be undone.
    expect(isValid(failureSchema(refusalsOf(book, false)), answer)).toBe(type === 'expired');
  },
);

test('whatever generators make types of has a name', () => {
  const schema = Type.Object({
    guests: Type.Array(
      Type.Object({ name: Type.String(), bed: Type.Union([Type.Literal('soft'), Type.Literal('hard')]) }),
    ),
    room: Type.Object({}, { title: 'Room' }),
  });
  expect(plain(schema, 'Book')).toMatchObject({
    title: 'Book',
    properties: {
      guests: {
        items: { title: 'BookGuests', properties: { bed: { title: 'BookGuestsBed', enum: ['soft', 'hard'] } } },
      },
      room: { title: 'Room' },
    },
  });
});

test('schemas count characters, as the library does', () => {
  const payload = Type.Object({ name: Type.String({ maxLength: 2 }) });
  const schemas = schemasOf([{ contract: { ...book, payload }, refusals: {} }], null, 'hotel.commands');
  const validate = new Ajv({ strict: false }).compile(schemas.Book as object);
  for (const name of ['ab', 'abc', '😀😀', '😀😀😀']) expect(validate({ name })).toBe(isValid(payload, { name }));
});

test('each limit of what is taken stands in the words', () => {
  const words = participantDescription('hotel_service', 'hotel_service.commands');
  const { maxHeaderBytes, maxHeaderFields, maxHeaderDepth, maxMessageBytes, maxMessageDepth } = CONSTANTS;
  for (const limit of [maxHeaderBytes, maxHeaderFields, maxHeaderDepth, maxMessageBytes, maxMessageDepth])
    expect(words).toMatch(new RegExp(`over ${limit} |or ${limit} `));
});

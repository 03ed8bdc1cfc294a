import { Type } from '@sinclair/typebox';
import { defineCommand, defineUndo } from '../contract/command.js';
import { isValid } from '../contract/validation.js';
import { commandMessageOf, failureMessageOf, failureSchemaOf } from './messages.js';

const book = defineCommand({
  task: 'hotel.book',
  description: 'Books.',
  payload: Type.Object({ nights: Type.Integer({ minimum: 2 }), names: Type.Array(Type.String({ minLength: 6 })) }),
  reply: Type.Object({}),
  refusals: { FULL: 'No room is left.', CLOSED: 'It is winter.' },
});
const cancel = defineUndo({ task: 'hotel.cancel', description: 'Gives back.', undoes: book, payload: Type.Object({}) });
const examplesOf = (message: Readonly<Record<string, unknown>>) =>
  message.examples as { name: string; payload: Record<string, unknown> }[];

test('examples are made of schemas, and satisfy them', () => {
  const [example] = examplesOf(commandMessageOf(book, null));
  expect(isValid(book.payload, example!.payload)).toBe(true);
  expect(example!.payload.nights).toBe(2);
});

test('a pattern without an example is refused, with the name of the field', () => {
  const payload = Type.Object({ id: Type.String({ pattern: '^[0-9]+$' }) });
  expect(() => commandMessageOf({ ...book, payload }, null)).toThrow(/hotel\.book: its payload has no example.*\/id/);
});

test('each refusal has an example; the schema takes them and errors of any code, and no other refusal', () => {
  const examples = examplesOf(failureMessageOf(book));
  expect(examples.map(({ name }) => name)).toEqual(['FULL', 'CLOSED', 'HANDLER_FAILED']);
  const schema = failureSchemaOf(book);
  for (const { payload } of examples) expect(isValid(schema, payload)).toBe(true);
  expect(isValid(schema, { kind: 'error', code: 'MY_OWN', message: 'x' })).toBe(true);
  expect(isValid(schema, { kind: 'refusal', code: 'MY_OWN', message: 'x' })).toBe(false);
});

test('an undo cannot be refused', () => {
  expect(isValid(failureSchemaOf(cancel), { kind: 'refusal', code: 'FULL', message: 'x' })).toBe(false);
  expect(isValid(failureSchemaOf(cancel), { kind: 'error', code: 'HANDLER_FAILED', message: 'x' })).toBe(true);
});

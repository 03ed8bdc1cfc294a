import { Type } from '@sinclair/typebox';
import { defineCommand, defineUndo } from '../contract/command.js';
import { defineSaga } from './saga.js';
import { differenceOf, fingerprintOf, shapeOf } from './shape.js';
import { stepsFor, type Step } from './step.js';

const none = Type.Object({});
const command = (task: string) => defineCommand({ task, description: '', payload: none, reply: none, refusals: {} });
const undoOf = (task: string, undoes: ReturnType<typeof command>) =>
  defineUndo({ task, description: '', undoes, payload: none });
const { compensatable, readOnly, pivot, retriable } = stepsFor<object>();
const payload = () => ({});
const check = readOnly({ command: command('shop.check'), payload });
const book = (undo = 'hotel.cancel') => {
  const contract = command('hotel.book');
  return compensatable({ command: contract, payload, undo: { command: undoOf(undo, contract), payload } });
};
const pay = pivot({ local: { name: 'pay', handle: () => Promise.resolve() } });
const send = retriable({ command: command('post.send'), payload });
const saga = (...steps: Step<object, unknown>[]) => defineSaga({ name: 'trip_saga', data: none, steps });
const base = saga(check, book(), pay, send);

test('the fingerprint says nothing of functions, schemas, retry limits and time', () => {
  const same = defineSaga({
    name: 'trip_saga',
    deadlineMs: 5_000,
    data: Type.Object({ trip: Type.Optional(Type.String()) }),
    steps: [
      readOnly({
        command: command('shop.check'),
        payload: (given) => ({ ...given }),
        attempts: 7,
        onReply: () => ({}),
      }),
      book(),
      pivot({ local: { name: 'pay', handle: () => Promise.resolve({}) }, replyTimeoutMs: 5 }),
      send,
    ],
  });
  expect(same.fingerprint).toBe(base.fingerprint);
  expect(base.fingerprint).toBe(fingerprintOf(shapeOf(base.steps)));
  // Instances have it: it must not change with the library.
  expect(base.fingerprint).toBe('0c106f8bf7404070');
});

test.each([
  [
    'added',
    saga(check, readOnly({ command: command('shop.look'), payload }), book(), pay, send),
    ['added: shop.look (read-only)'],
  ],
  ['removed', saga(book(), pay, send), ['removed: shop.check (read-only)']],
  [
    'undone otherwise',
    saga(check, book('hotel.forget'), pay, send),
    [
      'changed: hotel.book (compensatable, undone by hotel.cancel); now hotel.book (compensatable, undone by hotel.forget)',
    ],
  ],
  [
    'of another kind',
    saga(check, book(), retriable({ local: { name: 'pay', handle: () => Promise.resolve() } }), send),
    ['changed: pay (pivot, local); now pay (retriable, local)'],
  ],
  [
    'in another place',
    saga(book(), check, pay, send),
    ['other order: shop.check, hotel.book, pay, post.send; now hotel.book, shop.check, pay, post.send'],
  ],
])('a step that is %s makes another fingerprint, and it is told', (_how, other, difference) => {
  expect(other.fingerprint).not.toBe(base.fingerprint);
  expect(differenceOf(shapeOf(base.steps), shapeOf(other.steps))).toEqual(difference);
});

test('what is the same has no difference', () => {
  expect(differenceOf(shapeOf(base.steps), shapeOf(base.steps))).toEqual([]);
});

import { Type } from '@sinclair/typebox';
import { defineCommand, defineUndo } from '../contract/command.js';
import { defineSaga } from './saga.js';
import { stepsFor, type Step } from './step.js';

const payload = Type.Object({});
const action = (task: string) => defineCommand({ task, description: '', payload, reply: payload, refusals: {} });
const book = action('hotel.book');
const cancel = defineUndo({ task: 'hotel.cancel', description: '', undoes: book, payload });
const pay = action('bank.pay');
const refund = defineUndo({ task: 'bank.refund', description: '', undoes: pay, payload });

type Data = Record<string, never>;
const { compensatable, readOnly, pivot, retriable } = stepsFor<Data>();
const nothing = () => ({});
const local = (name: string) => ({ name, handle: () => Promise.resolve() });
const booking = compensatable({ command: book, payload: nothing, undo: { command: cancel, payload: nothing } });
const payment = pivot({ command: pay, payload: nothing, undo: { command: refund, payload: nothing } });
const define =
  (...steps: Step<Data, unknown>[]) =>
  () =>
    defineSaga({ name: 'trip_saga', data: payload, steps });

describe('defineSaga', () => {
  it('takes a sound saga and names its reply address', () => {
    const saga = define(booking, payment, retriable({ local: local('confirm') }))();
    expect(saga).toMatchObject({ name: 'trip_saga', version: 1, replyAddress: 'trip_saga.responses' });
  });

  const unsound: [string, () => unknown, RegExp][] = [
    ['no steps', define(), /at least one step/],
    ['a second pivot', define(payment, { ...payment, name: 'x.y' }), /second pivot/],
    [
      'an effect after the pivot that can only be undone',
      define(payment, booking),
      /hotel\.book is compensatable but comes after the pivot/,
    ],
    [
      'reading after the pivot',
      define(payment, readOnly({ command: book, payload: nothing })),
      /hotel\.book is read-only but comes after/,
    ],
    [
      'a pivot after a retriable step',
      define(retriable({ local: local('a') }), payment),
      /bank\.pay is pivot but comes after/,
    ],
    ['an effect without an undo', define({ ...booking, undo: null }), /hotel\.book is compensatable and needs an undo/],
    ['a remote pivot without an undo', define({ ...payment, undo: null }), /bank\.pay is pivot and needs an undo/],
    [
      'an undo after the pivot',
      define({ ...retriable({ local: local('a') }), undo: booking.undo }),
      /a is retriable and would never be undone/,
    ],
    [
      'the undo of another action',
      define({ ...booking, undo: payment.undo }),
      /bank\.refund does not undo hotel\.book/,
    ],
    [
      'a local undo of a command',
      define({ ...booking, undo: { local: local('b'), retry: booking.action.retry } }),
      /both be local or both be commands/,
    ],
    [
      'an undo as an action',
      define(readOnly({ command: cancel, payload: nothing as never })),
      /hotel\.cancel is an undo/,
    ],
    ['two steps of one name', define(booking, { ...booking }), /hotel\.book stands in two steps/],
    [
      'no attempt at all',
      define(readOnly({ command: book, payload: nothing, attempts: 0 })),
      /attempts must be a whole number from 1, and is 0|attempts/,
    ],
    ['no time to answer', define(readOnly({ command: book, payload: nothing, replyTimeoutMs: 0 })), /replyTimeoutMs/],
    [
      'no time at all',
      () => defineSaga({ name: 'trip_saga', deadlineMs: 0, data: payload, steps: [booking] }),
      /deadlineMs must be above 0, and is 0/,
    ],
    [
      'a name of another form',
      () => defineSaga({ name: 'TripSaga', data: payload, steps: [booking] }),
      /lower snake case/,
    ],
  ];
  it.each(unsound)('refuses %s', (_what, make, message) => {
    expect(make).toThrow(message);
  });
});

describe('defineUndo', () => {
  it('refuses an undo in another service, and an undo of an undo', () => {
    expect(() => defineUndo({ task: 'bank.cancel', description: '', undoes: book, payload })).toThrow(
      /must belong to the service/,
    );
    expect(() => defineUndo({ task: 'hotel.rebook', description: '', undoes: cancel, payload })).toThrow(/undo itself/);
  });
});

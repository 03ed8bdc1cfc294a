import { Type } from '@sinclair/typebox';
import { defineCommand, defineUndo, type CommandContract } from '../contract/command.js';
import { commandIdOf } from '../contract/routing.js';
import type { InboxState } from './inbox-store.js';
import { claimsOf, independentBatches, barrierDecisions } from './barrier.js';
import type { AcceptedCommand } from './received-command.js';

const empty = Type.Object({});
const book = defineCommand({
  task: 'hotel.book',
  description: '',
  payload: empty,
  reply: empty,
  refusals: { FULL: '' },
});
const cancel = defineUndo({ task: 'hotel.cancel', description: '', undoes: book, payload: empty });
const sagaId = '018f0000-0000-7000-8000-000000000001';

function command(contract: CommandContract, sequence: number, payload: unknown = {}): AcceptedCommand {
  const commandId = commandIdOf(sagaId, sequence);
  return {
    received: { commandId, sagaId, task: contract.task, attempt: 1, payload },
    identity: { sagaId, sequence },
    contract,
    key: contract.task,
    replyTo: 'trip_saga.responses',
    traceparent: null,
  };
}
const action = command(book, 1);
const undo = command(cancel, 2, { actionId: commandIdOf(sagaId, 1) });
const verdict = (subject: AcceptedCommand, ...states: InboxState[]) =>
  barrierDecisions([subject], claimsOf([subject]), states)[0];

describe('the barrier', () => {
  it('runs a command that nobody has seen', () => {
    expect(verdict(action, { type: 'claimed' })).toEqual({ run: true });
  });

  it('answers a duplicate with the stored reply, and a withheld one with none', () => {
    const outcome = { kind: 'success', reply: { room: 7 } } as const;
    expect(verdict(action, { type: 'answered', outcome })).toMatchObject({
      run: false,
      outcome,
      store: false,
      fate: 'duplicate',
    });
    expect(verdict(action, { type: 'withheld' })).toMatchObject({
      run: false,
      outcome: null,
      store: false,
      fate: 'duplicate',
    });
  });

  it('lets a barred action have no effect', () => {
    expect(verdict(action, { type: 'barred' })).toMatchObject({
      run: false,
      outcome: { kind: 'refusal', code: 'BARRED' },
    });
  });

  it.each([
    ['a command', action],
    ['an undo, which would find nothing to undo,', undo],
  ])('refuses %s that it may have known once, and stores nothing', (_what, subject) => {
    expect(verdict(subject, { type: 'expired' }, { type: 'expired' })).toMatchObject({
      run: false,
      store: false,
      outcome: { kind: 'error', code: 'COMMAND_EXPIRED' },
    });
  });

  it('claims the action of an undo, so that it is barred when it has not come', () => {
    expect(claimsOf([undo])).toEqual([
      { identity: { sagaId, sequence: 2 }, as: 'command' },
      { identity: { sagaId, sequence: 1 }, as: 'barred' },
    ]);
  });

  it.each<[string, InboxState, object]>([
    [
      'runs when the action had its effect',
      { type: 'answered', outcome: { kind: 'success', reply: {} } },
      { run: true },
    ],
    ['runs when the action had its effect and withheld its reply', { type: 'withheld' }, { run: true }],
    [
      'succeeds without running when the action was refused',
      { type: 'answered', outcome: { kind: 'refusal', code: 'FULL', message: '' } },
      { run: false, store: true },
    ],
    ['succeeds without running when the action has not come', { type: 'claimed' }, { run: false, store: true }],
    ['succeeds without running when the action was barred before', { type: 'barred' }, { run: false, store: true }],
  ])('an undo %s', (_what, state, expected) => {
    expect(verdict(undo, { type: 'claimed' }, state)).toMatchObject(expected);
  });

  it('puts an undo after its action, and duplicates after each other', () => {
    const other = command(book, 9);
    expect(independentBatches([action, undo, other, action])).toEqual([[action, other], [undo], [action]]);
    expect(independentBatches([undo, action])).toEqual([[undo], [action]]);
  });
});

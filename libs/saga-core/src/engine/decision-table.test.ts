/**
 * The decision table in the README of saga-core is what the code does: it is made here, by playing each event in each
 * state. After a change of the decision that is meant, take the received text into the README.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuse, type Outcome } from '../contract/outcome.js';
import { SagaError } from '../errors.js';
import type { OperatorActionType, SagaEvent } from './event.js';
import type { SagaInstance } from './instance.js';
import { error, Play, saga, SAGA_ID, success, toApprove, toAuthorize } from './decide.fixture.js';
import { transition } from './decide.js';

const toCreate = () => new Play().reply(success());
const toReject = () => toAuthorize().reply(refuse('OVER', 'over the limit'));
const pausing = (play: Play) => play.reply(error());
const inapplicable = (play: Play) => play.take({ type: 'inapplicable', message: 'the data is broken' });
const parked = (play: Play) => pausing(play).deadline().reply(error());

/** What an instance waits for. Where there is a way back, in one direction; where there is none, in both. */
const STATES: Record<string, readonly Play[]> = {
  'may turn back: sent': [toCreate()],
  'may turn back: pausing': [pausing(toCreate())],
  'must succeed: sent': [toApprove(), toReject()],
  'must succeed: pausing': [pausing(toApprove()), pausing(toReject())],
  'stuck, may turn back': [inapplicable(toCreate())],
  'stuck, must succeed': [parked(toApprove()), parked(toReject())],
  "stuck after the pivot's effect": [toAuthorize().reply(success(7))],
  ended: [toApprove().reply(success())],
};

type MakeEvent = (instance: SagaInstance) => SagaEvent;
const idOf = ({ awaited, sequence }: SagaInstance) => `${SAGA_ID}:${awaited?.sequence ?? sequence}`;
const reply =
  (
    outcome: Outcome,
    more: { redelivered?: boolean; commandId?: string; task?: string; attempt?: number } = {},
  ): MakeEvent =>
  (instance) => ({ type: 'reply', commandId: idOf(instance), redelivered: false, outcome, ...more });
const operator =
  (type: OperatorActionType): MakeEvent =>
  ({ awaited }) => ({
    type: 'operator',
    action: { type, by: 'ann', reason: 'because', payload: awaited?.payload, reply: { ticket: 't1' } },
  });
const useful = success({ ticket: 't1' });
const expired: Outcome = { kind: 'error', code: 'COMMAND_EXPIRED', message: 'too old' };
const earlier = { commandId: `${SAGA_ID}:1` };
const undelivered =
  (type: 'returned' | 'refused'): MakeEvent =>
  (instance) => ({ type, commandId: idOf(instance) });
const deadline: MakeEvent = () => ({ type: 'deadline' });

/** Rows of which the awaited attempt is the last one: nothing pauses then. */
const LAST = ', last attempt';

const SAGAS_TIME = "the saga's time is up";

/** What happens, the functions that decide it, and how to bring it about. */
const ROWS: readonly (readonly [string, readonly string[], MakeEvent])[] = [
  ['success', ['onSuccess'], reply(useful)],
  ['success, the answer is of no use', ['onUnusableAnswer'], reply(success(7))],
  ['refusal', ['onRefusal'], reply(refuse('NO', 'no'))],
  [`refusal${LAST}`, ['onRefusal'], reply(refuse('NO', 'no'))],
  ['error', ['onError'], reply(error())],
  [`error${LAST}`, ['onError'], reply(error())],
  ['error `COMMAND_EXPIRED`', ['onExpired'], reply(expired)],
  ['error, of an attempt whose end was counted', ['onReply'], reply(error(), { attempt: 0 })],
  ['reply to an earlier command', ['onReplyToEarlierCommand'], reply(useful, earlier)],
  [
    'the same, redelivered by the broker',
    ['onReplyToEarlierCommand'],
    reply(useful, { ...earlier, redelivered: true }),
  ],
  ['reply of another task', ['onReply'], reply(useful, { task: 'kitchen.other' })],
  ['no queue takes the command', ['onUndelivered'], undelivered('returned')],
  [`no queue takes the command${LAST}`, ['onUndelivered'], undelivered('returned')],
  ['the broker refuses the command', ['onUndelivered'], undelivered('refused')],
  [`the broker refuses the command${LAST}`, ['onUndelivered'], undelivered('refused')],
  ['its time is up', ['onReplyTimeout', 'onPauseOver'], deadline],
  [`its time is up${LAST}`, ['onReplyTimeout'], deadline],
  [SAGAS_TIME, ['onSagaDeadline'], deadline],
  ['it fails each time that something is applied', ['onInapplicable'], () => ({ type: 'inapplicable', message: '' })],
  ['an operator retries', ['onRetry'], operator('retry')],
  ['an operator compensates', ['onCompensate'], operator('compensate')],
  ['an operator skips the step', ['onSkip'], operator('skip')],
  ['an operator edits the command', ['onEdit'], operator('edit')],
  ['an operator accepts an outcome', ['onAccept'], operator('accept')],
  ['an operator gives the pivot up', ['onGiveUp'], operator('give-up')],
];

/** @returns what becomes of an instance, in the words of moves.ts */
function moveOf(before: SagaInstance, event: SagaEvent, definition: typeof saga, now: number): string {
  let decision;
  try {
    decision = transition(definition, before, event, now);
  } catch (thrown) {
    if (thrown instanceof SagaError && thrown.code === 'ACTION_NOT_ALLOWED') return 'refuse';
    throw thrown;
  }
  const { instance: after, history } = decision;
  const told = new Set(history.map(({ type }) => type));
  if (told.has('compensating'))
    return after.awaited?.step === before.awaited?.step ? 'compensate, this step too' : 'compensate';
  if (told.has('stuck')) return 'park';
  if (told.has('retry_scheduled')) return 'pause';
  if (told.has('reply_ignored')) return told.has('command_resent') ? 'record, send again' : 'record';
  if (told.has('command_resent')) return 'send again';
  const moved = before.awaited?.sequence !== after.awaited?.sequence;
  if (moved) return before.awaited?.direction === 'action' ? 'go forward' : 'go back';
  if (history.length > 0) throw new Error(`No move is known for ${[...told].join(', ')}`);
  return '–';
}

function cellOf(state: string, plays: readonly Play[], what: string, makeEvent: MakeEvent): string {
  const isLast = what.endsWith(LAST);
  if (isLast && state.endsWith('pausing')) return '';
  const moves = plays.map(({ instance, now }) => {
    const { awaited } = instance;
    if (what !== SAGAS_TIME) {
      const before = { ...instance, awaited: awaited && { ...awaited, attempt: isLast ? 2 : 1 } };
      return moveOf(before, makeEvent(before), saga, awaited?.until ?? now);
    }
    // What may turn back waits until then at the most.
    const isSoonest = state.startsWith('may');
    const until = isSoonest ? { until: now + 1, atSagaDeadline: true as const } : {};
    const deadlineMs = now + 1 - instance.startedAt!;
    const before = { ...instance, awaited: awaited && { ...awaited, ...until } };
    return moveOf(before, makeEvent(before), { ...saga, deadlineMs }, now + 1);
  });
  return [...new Set(moves)].join(' / ');
}

const tableLine = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

it('is the table in the README', () => {
  const table = [
    tableLine(['what happens', 'decided by', ...Object.keys(STATES)]),
    tableLine(['', '', ...Object.keys(STATES)].map(() => '---')).replaceAll(' ', ''),
    ...ROWS.map(([what, by, makeEvent]) =>
      tableLine([
        what,
        by.map((name) => `\`${name}\``).join(', '),
        ...Object.entries(STATES).map(([state, plays]) => cellOf(state, plays, what, makeEvent)),
      ]),
    ),
  ].join('\n');
  const readme = readFileSync(join(__dirname, '../../README.md'), 'utf8');
  const inReadme = /<!-- decision table -->\n([^]*?)\n<!-- end of the decision table -->/.exec(readme)?.[1];
  expect(inReadme).toBe(table);
});

it('names functions that there are', () => {
  const code = ['decide.ts', 'decide-operator-action.ts']
    .map((file) => readFileSync(join(__dirname, file), 'utf8'))
    .join('\n');
  const there = [...code.matchAll(/^function (on\w+)</gm)].map(([, name]) => name!);
  const named = ROWS.flatMap(([, by]) => by);
  expect(named.filter((name) => !there.includes(name))).toEqual([]);
  // What only tells events apart has no row of its own.
  const tellsApart = ['onStarted', 'onOutcome', 'onDeadline', 'onOperator'];
  expect(there.filter((name) => !named.includes(name)).sort()).toEqual(tellsApart.sort());
});

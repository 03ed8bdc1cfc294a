import { refuse } from '../contract/outcome.js';
import { stepsFor } from '../definition/step.js';
import type { OperatorAction } from './event.js';
import {
  createTicket,
  error,
  Play,
  rejectTicket,
  saga,
  SAGA_ID,
  success,
  toApprove,
  toAuthorize,
  type Data,
} from './decide.fixture.js';

const { pivot } = stepsFor<Data>();

describe('an operator', () => {
  it('may do only what the definition allows', () => {
    const operator = (play: Play, type: 'retry' | 'compensate' | 'skip') => () =>
      play.take({ type: 'operator', action: { type, by: 'ann', reason: 'because' } });
    expect(operator(toApprove(), 'compensate')).toThrow(/cannot compensate/);
    expect(operator(toApprove(), 'skip')).toThrow(/cannot skip/);
    expect(operator(toApprove().reply(success()), 'retry')).toThrow(/has ended/);
    const compensated = operator(toAuthorize(), 'compensate')();
    expect(compensated.lastSent).toBe('cards.reverse#5/1');
    const skipped = operator(toApprove().reply(error()).deadline().reply(error()), 'skip')();
    expect(skipped.instance.status).toBe('completed');
  });

  it('has a parked undo tried again, and the saga goes on compensating', () => {
    const play = toAuthorize().reply(refuse('OVER', 'x')).reply(error()).deadline().reply(error());
    expect(play.instance.status).toBe('stuck');
    play.take({ type: 'operator', action: { type: 'retry', by: 'ann', reason: 'kitchen is back' } });
    expect(play.lastSent).toBe('kitchen.reject#5/1');
    expect(play.reply(success()).instance.status).toBe('compensated');
    expect(play.history).toContainEqual(
      expect.objectContaining({ type: 'operator_retried', by: 'ann', message: 'kitchen is back' }),
    );
  });

  it('acts on the version that was seen, and on no other', () => {
    const play = parkedApprove();
    // Whoever saves an instance counts its versions.
    const moved = { ...play.instance, version: 32 };
    play.instance = moved;
    const by = { by: 'bob', reason: 'kitchen is back', payload: { ticket: 't2' } };
    const message = `Saga ${SAGA_ID} is at version 32, not 31: look at it again`;
    for (const type of ['retry', 'compensate', 'skip', 'edit'] as const)
      expect(() => play.take({ type: 'operator', action: { type, ...by, version: 31 } })).toThrow(
        expect.objectContaining({ code: 'SAGA_MOVED_ON', message }) as Error,
      );
    expect(play.instance).toBe(moved);
    play.take({ type: 'operator', action: { type: 'retry', ...by, version: 32 } });
    expect(play.lastSent).toBe('kitchen.approve#5/1');
  });
});

describe('an edit', () => {
  const edited = (play: Play, payload: unknown) =>
    play.take({ type: 'operator', action: { type: 'edit', by: 'ann', reason: 'a typo', payload } });

  it('sends a parked or pausing command with another payload, under its old identity and with all its attempts', () => {
    for (const play of [parkedApprove(), toApprove().reply(error())]) {
      const { status, awaited } = play.instance;
      edited(play, { ticket: 't2' });
      expect([play.lastSent, play.payload]).toEqual(['kitchen.approve#5/1', { ticket: 't2' }]);
      expect(play.history.find(({ type }) => type === 'operator_edited')).toMatchObject({
        by: 'ann',
        message: 'a typo',
        before: { status, state: awaited!.state, payload: { ticket: 't1' } },
        after: { status: 'running', state: 'sent', attempt: 1, payload: { ticket: 't2' } },
      });
      // What is sent again is what was edited.
      play.reply(error()).deadline();
      expect([play.lastSent, play.payload]).toEqual(['kitchen.approve#5/2', { ticket: 't2' }]);
      expect(play.reply(success()).instance.status).toBe('completed');
    }
  });

  it('leaves an undo the name of its action, whatever it is given', () => {
    const play = toAuthorize().reply(refuse('OVER', 'x')).reply(error()).deadline().reply(error());
    edited(play, { order: 'o2', actionId: `${SAGA_ID}:1` });
    expect([play.lastSent, play.payload]).toEqual(['kitchen.reject#5/1', { order: 'o2', actionId: `${SAGA_ID}:3` }]);
    expect(play.reply(success()).instance.status).toBe('compensated');
  });

  it('is refused for a payload that breaks its contract, and for a command that is under way', () => {
    const play = parkedApprove();
    const { instance } = play;
    for (const payload of [{ ticket: 7 }, {}, null, undefined])
      expect(() => edited(play, payload)).toThrow(expect.objectContaining({ code: 'INVALID_SAGA_DATA' }) as Error);
    expect(play.instance).toBe(instance);
    const refusal = expect.objectContaining({ code: 'ACTION_NOT_ALLOWED' }) as Error;
    expect(() => edited(toApprove(), { ticket: 't2' })).toThrow(refusal);
    expect(() => edited(toApprove().reply(success()), { ticket: 't2' })).toThrow(refusal);
  });
});

describe('an answer that is of no use', () => {
  it('is no attempt again when it comes again, and a good one frees the saga', () => {
    const play = toApprove().reply(success(7)).reply(success(7));
    expect(play.instance).toMatchObject({ status: 'stuck', awaited: { attempt: 1, state: 'parked' } });
    expect(play.history.at(-1)).toMatchObject({ type: 'reply_ignored', code: 'success' });
    expect(play.history.filter(({ type }) => type === 'step_failed')).toHaveLength(1);
    expect(play.reply(success()).instance.status).toBe('completed');
  });

  const act = (play: Play, action: Partial<OperatorAction> & Pick<OperatorAction, 'type'>) =>
    play.take({ type: 'operator', action: { by: 'ann', reason: 'seen in the bank', ...action } });
  /** The card is charged, and the participant answers what breaks its contract, again and again. */
  const stuckPivot = () => toAuthorize().reply(success(7));
  const refused = (code: string) => expect.objectContaining({ code }) as Error;

  it('of the pivot is accepted with what it should have been: the saga goes on, and its history tells of it', () => {
    const play = stuckPivot();
    expect(play.history.at(-2)).toMatchObject({ type: 'step_failed', code: 'INVALID_REPLY', reply: 7 });
    act(play, { type: 'retry' });
    expect(play.lastSent).toBe('cards.authorize#4/1');
    play.reply(success(7));
    expect(play.instance.status).toBe('stuck');
    act(play, { type: 'accept', reply: {} });
    expect(play.lastSent).toBe('kitchen.approve#5/1');
    expect(play.history.find(({ type }) => type === 'operator_accepted')).toMatchObject({
      by: 'ann',
      message: 'seen in the bank',
      before: { status: 'stuck', step: 'cards.authorize', state: 'parked' },
      after: { status: 'running', step: 'kitchen.approve', state: 'sent' },
    });
    expect(play.reply(success()).instance.status).toBe('completed');
  });

  it('is accepted only within the contract, and is applied as an answer is', () => {
    const withTicket = {
      ...saga,
      steps: [
        pivot({
          command: createTicket,
          payload: ({ order }: Data) => ({ order }),
          onReply: (_data, { ticket }) => {
            if (ticket === 'none') throw new Error('There must be a ticket');
            return { ticket };
          },
          undo: { command: rejectTicket, payload: ({ order }: Data) => ({ order }) },
        }),
      ],
    };
    const play = new Play({ order: 'o1' }, withTicket).reply(success({}));
    const { instance } = play;
    for (const reply of [undefined, {}, { ticket: 7 }, { ticket: 'none' }])
      expect(() => act(play, { type: 'accept', reply })).toThrow(refused('INVALID_SAGA_DATA'));
    expect(() => act(play, { type: 'accept', reply: { ticket: 't1' }, version: 9 })).toThrow(refused('SAGA_MOVED_ON'));
    expect(play.instance).toBe(instance);
    act(play, { type: 'accept', reply: { ticket: 't1' } });
    expect(play.instance).toMatchObject({ status: 'completed', data: { order: 'o1', ticket: 't1' } });
  });

  it('of the pivot is given up: the pivot is undone with all before it', () => {
    const play = act(stuckPivot(), { type: 'give-up' });
    expect([play.lastSent, play.instance.status]).toEqual(['cards.reverse#5/1', 'compensating']);
    play.reply(success());
    expect(play.lastSent).toBe('kitchen.reject#6/1');
    expect(play.reply(success()).instance.status).toBe('compensated');
    expect(play.history.find(({ type }) => type === 'operator_gave_up')).toMatchObject({
      by: 'ann',
      before: { status: 'stuck', step: 'cards.authorize' },
      after: { status: 'compensating', step: 'cards.reverse' },
    });
  });

  it('of an undo or a retriable step is accepted as well', () => {
    const undo = toAuthorize().reply(refuse('OVER', 'x')).reply(success(7));
    expect(undo.instance.status).toBe('stuck');
    expect(act(undo, { type: 'accept', reply: {} }).instance.status).toBe('compensated');
    const retriable = toApprove().reply(success(7));
    expect(retriable.instance.status).toBe('stuck');
    expect(act(retriable, { type: 'accept', reply: {} }).instance.status).toBe('completed');
  });

  it('leaves what is past the pivot no way back by itself, whatever follows', () => {
    for (const follow of [
      (play: Play) => play.deadline().deadline(),
      (play: Play) => play.reply(error()).deadline().reply(error()),
      (play: Play) => play.reply(refuse('OVER', 'after all')),
    ]) {
      const play = follow(act(stuckPivot(), { type: 'retry' }));
      expect([play.instance.status, play.instance.awaited?.name]).toEqual(['stuck', 'cards.authorize']);
      expect(play.instance.awaited?.sequence).toBe(4);
    }
  });

  it('is no reason to accept or to give up what is not stuck, or no pivot', () => {
    expect(() => act(toAuthorize(), { type: 'accept', reply: {} })).toThrow(refused('ACTION_NOT_ALLOWED'));
    expect(() => act(toAuthorize(), { type: 'give-up' })).toThrow(refused('ACTION_NOT_ALLOWED'));
    expect(() => act(parkedApprove(), { type: 'give-up' })).toThrow(refused('ACTION_NOT_ALLOWED'));
    for (const type of ['compensate', 'skip'] as const)
      expect(() => act(stuckPivot(), { type })).toThrow(refused('ACTION_NOT_ALLOWED'));
  });
});

/** A saga that is stuck after its pivot. */
const parkedApprove = (): Play => toApprove().reply(error()).deadline().reply(error());

import { refuse } from '../contract/outcome.js';
import type { Play } from './transition.fixture.js';
import { error, SAGA_ID, success, toApprove, toAuthorize } from './transition.fixture.js';

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

/** A saga that is stuck after its pivot. */
const parkedApprove = (): Play => toApprove().reply(error()).deadline().reply(error());

import { refuse, type Outcome } from '../contract/outcome.js';
import { Play, SAGA_ID, error, success, toApprove, toAuthorize } from './decide.fixture.js';

describe('the outcome of a command', () => {
  it('compensates a refusal in reverse order, without undoing the refused step, and keeps the reason', () => {
    const play = toAuthorize().reply(refuse('OVER', 'over the limit'));
    expect(play.instance.status).toBe('compensating');
    expect(play.lastSent).toBe('kitchen.reject#5/1');
    expect(play.payload).toEqual({ order: 'o1', actionId: `${SAGA_ID}:3` });
    play.reply(success());
    expect(play.locals).toEqual(['create_order', 'reject_order']);
    expect(play.instance).toMatchObject({
      status: 'compensated',
      failure: { step: 'cards.authorize', code: 'OVER', message: 'over the limit' },
    });
  });

  it('tells how the business data changed, and says nothing of it where it did not', () => {
    const outcomeOf = ({ history }: Play, step: string) =>
      history.find((entry) => entry.type === 'step_succeeded' && entry.step === step);
    const replied = (ticket: string) =>
      new Play({ order: 'o1', ticket }).reply(success()).reply(success({ ticket: 't1' }));
    expect(outcomeOf(toApprove(), 'kitchen.create')).toMatchObject({ data: { before: {}, after: { ticket: 't1' } } });
    expect(outcomeOf(replied('t0'), 'kitchen.create')).toMatchObject({
      data: { before: { ticket: 't0' }, after: { ticket: 't1' } },
    });
    expect(outcomeOf(replied('t1'), 'kitchen.create')).not.toHaveProperty('data');
    expect(outcomeOf(toApprove(), 'cards.authorize')).not.toHaveProperty('data');
  });

  it('pauses after an error, and sends the same command again', () => {
    const play = toAuthorize().reply(error());
    expect(play.next).toBeNull();
    expect(play.instance.lastError?.at).toBe(play.now);
    const pause = play.instance.awaited!.until! - play.now;
    expect(pause).toBeGreaterThanOrEqual(80);
    expect(pause).toBeLessThanOrEqual(120);
    expect(play.deadline().lastSent).toBe('cards.authorize#4/2');
  });

  it('does not ask again for what the participant may have forgotten: it parks, for even an undo would not be known', () => {
    const expired: Outcome = { kind: 'error', code: 'COMMAND_EXPIRED', message: 'too old' };
    const retriable = toApprove().reply(expired);
    expect(retriable.instance).toMatchObject({ status: 'stuck', lastError: { code: 'COMMAND_EXPIRED' } });
    const action = toAuthorize().reply(expired);
    expect(action.lastSent).toBe('cards.reverse#5/1');
    action.reply(expired);
    expect(action.instance).toMatchObject({ status: 'stuck', lastError: { code: 'COMMAND_EXPIRED' } });
    action.take({ type: 'operator', action: { type: 'skip', by: 'ann', reason: 'reversed by hand' } });
    expect(action.lastSent).toBe('kitchen.reject#6/1');
  });

  it('takes the reply to an earlier attempt while it pauses or waits for a later one', () => {
    expect(toAuthorize().reply(error()).reply(success()).lastSent).toBe('kitchen.approve#5/1');
    expect(toAuthorize().deadline().reply(success()).lastSent).toBe('kitchen.approve#5/1');
  });

  it('records a doubled reply without effect, and sends the awaited command again only when the broker says it delivers again', () => {
    const play = toAuthorize();
    const { awaited } = play.instance;
    play.reply(success({ ticket: 't2' }), { id: `${SAGA_ID}:3` });
    expect(play.next).toBeNull();
    expect(play.instance).toMatchObject({ awaited, data: { ticket: 't1' } });
    expect(play.history.at(-1)).toMatchObject({ type: 'reply_ignored', commandId: `${SAGA_ID}:3` });
    play.reply(success({ ticket: 't1' }), { id: `${SAGA_ID}:3`, redelivered: true });
    expect(play.lastSent).toBe('cards.authorize#4/1');
    expect(play.instance.awaited).toEqual({ ...awaited, mayHaveArrived: true });
  });

  it('ignores a success that comes after its step was given up', () => {
    const play = toAuthorize().deadline().deadline();
    play.reply(success(), { id: `${SAGA_ID}:4` });
    expect(play.instance).toMatchObject({ status: 'compensating', awaited: { name: 'cards.reverse' } });
  });

  it('parks a retriable step after its attempts, and a late reply frees it', () => {
    const play = toApprove().reply(error()).deadline().reply(error('still broken'));
    expect(play.instance).toMatchObject({
      status: 'stuck',
      awaited: { state: 'parked', until: null },
      lastError: { step: 'kitchen.approve', message: 'still broken' },
    });
    expect(play.reply(success()).instance.status).toBe('completed');
  });

  it('asks a retriable step that was refused again under a new identity, since the refusal is stored under the old one', () => {
    const play = toApprove().reply(refuse('GONE', 'no such ticket')).deadline();
    expect(play.lastSent).toBe('kitchen.approve#6/2');
  });

  it.each(['success', 'refusal', 'error'] as const)(
    'records a %s of another task, and waits for the true one',
    (kind) => {
      const outcome = { success: success(), refusal: refuse('OVER', 'over the limit'), error: error() }[kind];
      const play = toAuthorize();
      const { awaited } = play.instance;
      play.reply(outcome, { task: 'kitchen.approve', redelivered: true });
      expect(play.instance.awaited).toEqual(awaited);
      expect(play.next).toBeNull();
      expect(play.history.at(-1)).toMatchObject({
        type: 'reply_ignored',
        message: expect.stringContaining('kitchen.approve') as string,
      });
      expect(play.reply(success(), { task: 'cards.authorize' }).lastSent).toBe('kitchen.approve#5/1');
    },
  );

  describe('counts the error of an attempt once', () => {
    const failures = ({ history }: Play) =>
      history.flatMap(({ type, attempt }) => (type === 'step_failed' ? [attempt] : []));

    it.each([false, true])('while it pauses, whoever echoes what (redelivered: %s)', (redelivered) => {
      const play = toAuthorize().reply(error());
      const { awaited } = play.instance;
      play.reply(error(), { redelivered }).reply(error(), { redelivered, attempt: 1 });
      expect(play.instance.awaited).toEqual(awaited);
      expect(failures(play)).toEqual([1]);
    });

    it('after the command was sent again, where the participant echoes the attempt', () => {
      const play = toAuthorize().reply(error(), { attempt: 1 }).deadline();
      play.reply(error(), { attempt: 1 });
      expect(play.instance.awaited).toMatchObject({ state: 'sent', attempt: 2 });
      play.reply(error(), { attempt: 2 });
      expect(failures(play)).toEqual([1, 2]);
    });

    it('which has timed out before', () => {
      const play = toAuthorize().deadline().reply(error(), { attempt: 1 });
      expect(play.instance.awaited).toMatchObject({ state: 'sent', attempt: 2 });
    });

    it('after the command was sent again, where nothing is echoed and the broker delivers it again', () => {
      const play = toAuthorize().reply(error()).deadline().reply(error(), { redelivered: true });
      expect(play.instance.awaited).toMatchObject({ state: 'sent', attempt: 2 });
      expect(failures(play)).toEqual([1]);
      // One that is not marked cannot be told from the answer to the second attempt.
      expect(failures(play.reply(error()))).toEqual([1, 2]);
    });

    it('also when it is parked, and a success frees it all the same', () => {
      const play = toApprove().reply(error()).deadline().reply(error());
      const { awaited } = play.instance;
      expect(play.reply(error()).instance).toMatchObject({ status: 'stuck', awaited });
      expect(failures(play)).toEqual([1, 2]);
      expect(play.reply(success()).instance.status).toBe('completed');
    });

    it('and what no queue took at an earlier attempt is not counted for a later one', () => {
      const play = toAuthorize().deadline();
      play.take({ type: 'returned', commandId: play.awaitedId, attempt: 1 });
      expect(play.instance.awaited).toMatchObject({ state: 'sent', attempt: 2 });
      play.take({ type: 'returned', commandId: play.awaitedId, attempt: 2 });
      expect(play.instance.failure).toMatchObject({ code: 'UNROUTABLE' });
    });
  });

  it('gives up what the participant may have forgotten, whichever attempt says so', () => {
    const play = toAuthorize().deadline();
    play.reply({ kind: 'error', code: 'COMMAND_EXPIRED', message: 'too old' }, { attempt: 1 });
    expect(play.instance.failure).toMatchObject({ code: 'COMMAND_EXPIRED' });
  });

  it('undoes a step whose success cannot be used, but parks the pivot, which has happened', () => {
    expect(new Play().reply(success()).reply(success({ wrong: true })).lastSent).toBe('kitchen.reject#4/1');
    const parked = toAuthorize().reply(success(null));
    expect(parked.instance).toMatchObject({
      status: 'stuck',
      awaited: { name: 'cards.authorize' },
      lastError: { code: 'INVALID_REPLY' },
    });
  });

  it('retries a local step and compensates without undoing it', () => {
    const play = new Play()
      .reply(success())
      .reply(success({ ticket: 't1' }))
      .reply(success());
    play.take(
      { type: 'reply', commandId: play.awaitedId, outcome: success(), redelivered: false },
      error('database said no'),
    );
    expect(play.instance).toMatchObject({ status: 'running', awaited: { name: 'approve_order', state: 'pausing' } });
    expect(play.deadline().instance.status).toBe('completed');
  });
});

import type { SagaDefinition } from '../definition/saga.js';
import { Play, SAGA_ID, error, saga, success, toAuthorize, type Data } from './decide.fixture.js';
import { transition } from './decide.js';

describe('a deadline', () => {
  it('resends a silent command under its identity, then undoes it as well: unknown is not failed', () => {
    const play = toAuthorize().deadline();
    expect(play.lastSent).toBe('cards.authorize#4/2');
    play.deadline();
    expect(play.lastSent).toBe('cards.reverse#5/1');
    expect(play.payload).toMatchObject({ actionId: `${SAGA_ID}:4` });
    play.reply(success());
    expect(play.lastSent).toBe('kitchen.reject#6/1');
    expect(play.instance.failure).toMatchObject({ step: 'cards.authorize', code: 'REPLY_TIMEOUT' });
  });

  it('tells how long an answer took, or was waited for in vain, and no time for what never went out', () => {
    const play = new Play({ order: 'o1', broken: true }).deadline();
    play.now += 40;
    play.reply(success());
    const took = play.history.flatMap(({ type, step, tookMs }) =>
      type.startsWith('step_') ? [[type, step, tookMs]] : [],
    );
    expect(took).toEqual([
      ['step_succeeded', 'create_order', undefined],
      ['step_timed_out', 'consumers.verify', 1_000],
      ['step_succeeded', 'consumers.verify', 40],
      ['step_failed', 'kitchen.create', undefined],
      ['step_succeeded', 'reject_order', undefined],
    ]);
  });

  it('does nothing before it is due', () => {
    const play = toAuthorize();
    const { instance, history, next } = transition(saga, play.instance, { type: 'deadline' }, play.now);
    expect({ instance, history, next }).toEqual({ instance: play.instance, history: [], next: null });
  });
});

describe('a saga with a deadline', () => {
  const START = 1_000_000;
  const hasty: SagaDefinition<Data> = { ...saga, deadlineMs: 1_500 };
  const begun = () => new Play({ order: 'o1' }, hasty);
  const late = { code: 'SAGA_DEADLINE', message: 'The saga has not come past its pivot within 1500 ms' };

  it('wakes at the earlier of the two deadlines', () => {
    const play = begun();
    expect(play.instance).toMatchObject({ startedAt: START, awaited: { until: START + 1_000 } });
    play.now += 900;
    play.reply(success());
    expect(play.instance.awaited!.until).toBe(START + 1_500);
  });

  it('undoes a command whose outcome is unknown with all before it, and says why', () => {
    const play = begun().reply(success()).deadline();
    expect(play.lastSent).toBe('kitchen.create#3/2');
    expect(play.deadline().lastSent).toBe('kitchen.reject#4/1');
    expect(play.instance).toMatchObject({ status: 'compensating', failure: { step: 'kitchen.create', ...late } });
    expect(play.history).toContainEqual(expect.objectContaining({ type: 'compensating', ...late }));
    // There is only back now, and that takes as long as it takes.
    expect(play.instance.awaited!.until).toBe(play.now + 1_000);
    expect(play.reply(success()).instance.status).toBe('compensated');
  });

  it('does not undo what waits to be tried and has never arrived', () => {
    const play = begun().reply(success());
    play.take({ type: 'returned', commandId: play.awaitedId });
    play.now = START + 1_500;
    play.take({ type: 'deadline' });
    expect(play.instance).toMatchObject({ status: 'compensated', failure: late });
    expect(play.lastSent).toBe('kitchen.create#3/1');
  });

  it('shortens a pause, and begins no step when a reply comes late', () => {
    const play = begun();
    play.now = START + 1_450;
    play.reply(error());
    expect(play.instance.awaited).toMatchObject({ state: 'pausing', until: START + 1_500 });
    play.now = START + 1_600;
    play.reply(success());
    expect(play.instance).toMatchObject({ status: 'compensated', failure: { step: 'consumers.verify', ...late } });
    expect(play.sent).toEqual(['consumers.verify#2/1']);
  });

  it('undoes a pivot whose outcome is unknown', () => {
    const play = begun()
      .reply(success())
      .reply(success({ ticket: 't1' }));
    play.now = START + 1_500;
    play.take({ type: 'deadline' });
    expect(play.lastSent).toBe('cards.reverse#5/1');
    expect(play.instance.failure).toMatchObject(late);
  });

  it('only goes forward once the pivot has happened, however late it was told', () => {
    const play = begun()
      .reply(success())
      .reply(success({ ticket: 't1' }));
    play.now = START + 60_000;
    play.reply(success());
    expect(play.lastSent).toBe('kitchen.approve#5/1');
    expect(play.instance.awaited!.until).toBe(play.now + 1_000);
    play.deadline();
    expect(play.lastSent).toBe('kitchen.approve#5/2');
    expect(play.reply(success()).instance.status).toBe('completed');
  });

  it('leaves a pivot alone that has happened and was stuck: its operator is given time', () => {
    const play = begun()
      .reply(success())
      .reply(success({ ticket: 't1' }))
      .reply(success('not an object'));
    expect(play.instance.status).toBe('stuck');
    play.now = START + 60_000;
    play.take({ type: 'operator', action: { type: 'retry', by: 'ann', reason: 'mended' } });
    expect(play.instance.awaited!.until).toBe(play.now + 1_000);
    expect(play.reply(success()).lastSent).toBe('kitchen.approve#5/1');
  });
});

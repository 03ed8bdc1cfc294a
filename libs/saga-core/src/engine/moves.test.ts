import { Play, SAGA_ID, success, toAuthorize } from './decide.fixture.js';

describe('a command', () => {
  it('that cannot be built is neither sent nor undone, and the saga is compensated', () => {
    const play = new Play({ order: 'o1', broken: true }).reply(success());
    expect(play.sent).toEqual(['consumers.verify#2/1']);
    expect(play.instance).toMatchObject({
      status: 'compensated',
      failure: { step: 'kitchen.create', code: 'COMMAND_NOT_BUILT', message: 'too many portions' },
    });
  });

  it('that no queue ever took is not undone', () => {
    const play = toAuthorize();
    play.take({ type: 'returned', commandId: play.awaitedId }).deadline();
    play.take({ type: 'returned', commandId: play.awaitedId });
    expect(play.instance.failure).toMatchObject({ code: 'UNROUTABLE' });
    expect(play.lastSent).toBe('kitchen.reject#5/1');
  });

  it('that the broker refused is tried again, and undone when it is given up: its queue may have it', () => {
    const play = toAuthorize();
    play.take({ type: 'refused', commandId: play.awaitedId }).deadline();
    play.take({ type: 'refused', commandId: play.awaitedId });
    expect(play.instance.failure).toMatchObject({ code: 'PUBLICATION_REFUSED' });
    expect(play.lastSent).toBe('cards.reverse#5/1');
  });

  it.each([
    ['an operator', { type: 'operator', action: { type: 'retry', by: 'ann', reason: 'because' } }],
    ['a redelivered reply', { type: 'reply', commandId: `${SAGA_ID}:3`, outcome: success(), redelivered: true }],
  ] as const)('that %s had sent again, and only then found no queue, is undone', (_who, again) => {
    const play = toAuthorize().take(again);
    play.take({ type: 'returned', commandId: play.awaitedId }).deadline();
    play.take({ type: 'returned', commandId: play.awaitedId });
    expect(play.instance.failure).toMatchObject({ code: 'UNROUTABLE' });
    expect(play.lastSent).toBe('cards.reverse#5/1');
  });
});

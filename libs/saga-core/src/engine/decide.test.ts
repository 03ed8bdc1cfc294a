import type { SagaEvent } from './event.js';
import { SAGA_ID, error, saga, success, toApprove, toAuthorize } from './decide.fixture.js';
import { transition } from './decide.js';

describe('transition', () => {
  it('goes forward from top to bottom, and merges replies into the data', () => {
    const play = toApprove();
    expect(play.payload).toEqual({ ticket: 't1' });
    play.reply(success());
    expect(play.instance).toMatchObject({ status: 'completed', awaited: null, data: { order: 'o1', ticket: 't1' } });
    expect(play.sent).toEqual([
      'consumers.verify#2/1',
      'kitchen.create#3/1',
      'cards.authorize#4/1',
      'kitchen.approve#5/1',
    ]);
    expect(play.locals).toEqual(['create_order', 'approve_order']);
  });

  it('is pure: the same arguments give the same decision, and the instance is left as it was', () => {
    const { instance, now } = toAuthorize();
    const before = structuredClone(instance);
    const event: SagaEvent = { type: 'reply', commandId: `${SAGA_ID}:4`, outcome: error(), redelivered: false };
    expect(transition(saga, instance, event, now)).toEqual(transition(saga, instance, event, now));
    expect(instance).toEqual(before);
  });

  it('has nothing to do for an instance that has ended', () => {
    const play = toApprove().reply(success());
    play.reply(error(), { id: `${SAGA_ID}:5`, redelivered: true });
    expect(play.next).toBeNull();
    expect(play.instance.status).toBe('completed');
  });
});

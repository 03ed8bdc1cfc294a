import { refuse } from '../contract/outcome.js';
import type { Play } from './transition.fixture.js';
import { error, success, toApprove, toAuthorize } from './transition.fixture.js';

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
});

import { neverHappened } from './coverage.js';
import { data, orderSaga, participants } from './order-scenario.fixture.js';
import { describeFailure, simulate } from './simulate.js';

describe('simulate', () => {
  it('finds nothing wrong with a saga under any schedule, and has seen everything happen', async () => {
    const report = await simulate(orderSaga, participants, { runs: 1_000, seed: 1, data });
    if (report.failure) throw new Error(describeFailure(report.failure));
    expect(Object.keys(report.ends)).toEqual(
      expect.arrayContaining([
        'completed',
        'compensated NO',
        'compensated REPLY_TIMEOUT',
        'compensated HANDLER_FAILED',
      ]),
    );
    expect(neverHappened(report.coverage)).toEqual([]);
  }, 120_000);

  it('finds nothing wrong with a saga that has a deadline, and sees it turn back', async () => {
    const hasty = { ...orderSaga, deadlineMs: 2_500 };
    const report = await simulate(hasty, participants, { runs: 1_000, seed: 1, data });
    if (report.failure) throw new Error(describeFailure(report.failure));
    expect(Object.keys(report.ends)).toEqual(expect.arrayContaining(['completed', 'compensated SAGA_DEADLINE']));
  });

  it('plays a seed again exactly', async () => {
    const once = await simulate(orderSaga, participants, { runs: 3, seed: 77, data });
    expect(await simulate(orderSaga, participants, { runs: 3, seed: 77, data })).toEqual(once);
  });

  it('gives back the real Date', async () => {
    const real = Date;
    await simulate(orderSaga, participants, { runs: 1, data });
    expect(Date).toBe(real);
  });
});

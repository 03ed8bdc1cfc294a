import { data, orderSaga, participants } from './order-scenario.fixture.js';
import { describeFailure, simulate } from './simulate.js';

describe('simulate', () => {
  it('finds nothing wrong with a saga under any schedule, and reaches every end', async () => {
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
  });

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
});

/** What becomes of an instance whose time may be up: the command's reply is overdue, a pause is over, or the whole saga is late. */
import { giveUp, lateness, proceed, turnBack } from './course.js';
import { failureOf, type Turn } from './turn.js';

/** Does nothing before the time is up. */
export function applyDeadline<Data, Tx>(turn: Turn<Data, Tx>): void {
  const { awaited } = turn.instance;
  if (awaited?.until == null || awaited.until > turn.now) return;
  if (awaited.atSagaDeadline || turn.turnsBackAt <= turn.now) return turnBack(turn, lateness(turn));
  if (awaited.state === 'sent') {
    const { replyTimeoutMs, attempts } = turn.command.retry;
    const problem = failureOf('REPLY_TIMEOUT', `No reply within ${replyTimeoutMs} ms`);
    turn.remember(problem);
    turn.measure();
    turn.note({ type: 'step_timed_out', ...problem });
    turn.change({ mayHaveArrived: true });
    if (awaited.attempt >= attempts) return giveUp(turn, problem, false);
  }
  turn.change({ attempt: awaited.attempt + 1 });
  proceed(turn);
}

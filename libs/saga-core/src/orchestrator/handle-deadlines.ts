/** The timer: looks for due deadlines in the database, so that no broker plugin and no process memory is needed. */
import type { Logger } from 'pino';
import { pollLoop } from '../util/poll-loop.js';
import { CONSTANTS } from '../settings.js';
import type { Transport } from '../transport/transport.js';
import { IsolationQueue } from './isolation-queue.js';
import { sendCommands } from './command-sender.js';
import type { SagaRunner } from './saga-runner.js';

export interface DeadlineOptions<Tx> {
  readonly runner: SagaRunner<Tx>;
  readonly transport: Transport;
  readonly logger: Logger;
  readonly maxBatchSize: number;
  /** Takes the sagas that are to be advanced alone; unless given, the round waits for each of them. */
  readonly alone?: IsolationQueue;
}

/**
 * Applies what waits in the database, at most one batch of each: replies that another process kept, and deadlines that
 * are due. While nothing can be published none is: the broker's absence is not the participants' silence, and must not
 * use up attempts.
 *
 * @returns whether more may be due
 */
export async function pollDeadlines<Tx>({
  runner,
  transport,
  logger,
  maxBatchSize,
  alone,
}: DeadlineOptions<Tx>): Promise<boolean> {
  const jumpedMs = await runner.absorbClockJump();
  if (jumpedMs !== null)
    logger.warn({ jumpedMs }, 'the clock of the database has jumped; sagas go on as if it had not');
  if (!transport.canPublish()) return false;
  let more = false;
  const rounds = [
    {
      apply: () => runner.applyKept(maxBatchSize, alone?.ids()),
      applyAlone: (id: string) => runner.applyKeptAlone(id),
    },
    {
      apply: () => runner.applyDue(maxBatchSize, alone?.ids()),
      applyAlone: (id: string) => runner.applyAlone('deadlines', id, [{ type: 'deadline' }]),
    },
  ];
  for (const { apply, applyAlone } of rounds) {
    const applied = await apply();
    await sendCommands(applied.commands, transport, runner, logger);
    more ||= applied.more;
    for (const id of applied.suspects) {
      const advance = async (): Promise<void> => {
        const { commands } = await applyAlone(id);
        await sendCommands(commands, transport, runner, logger);
      };
      if (alone) alone.add(id, advance);
      else await advance();
    }
  }
  return more;
}

/**
 * Applies deadlines until the signal says stop. What puts timers off runs beside it: those that are due wait for none
 * of them.
 */
export async function handleDeadlines<Tx>(
  options: DeadlineOptions<Tx> & { readonly pollMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { runner, pollMs, signal, logger } = options;
  const alone = new IsolationQueue(logger, signal);
  const puttingOff = { what: 'putting timers off', pauseMs: CONSTANTS.postponePollMs, signal, logger };
  await Promise.all([
    pollLoop(() => pollDeadlines({ ...options, alone }), {
      what: 'handling deadlines',
      pauseMs: pollMs,
      signal,
      logger,
    }),
    pollLoop(() => runner.postponeEarlyTimers(CONSTANTS.postponeBatchSize), puttingOff),
  ]);
  await alone.idle();
}

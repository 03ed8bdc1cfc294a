/** The timer: looks for due deadlines in the database, so that no broker plugin and no process memory is needed. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import { DEFAULTS } from '../settings.js';
import type { Transport } from '../transport/transport.js';
import { sendCommands } from './command-sender.js';
import type { SagaRunner } from './saga-runner.js';

export interface DeadlineOptions<Tx> {
  readonly runner: SagaRunner<Tx>;
  readonly transport: Transport;
  readonly logger: Logger;
  readonly maxSetSize: number;
}

/**
 * Applies the deadlines that are due, at most one set of them. While nothing can be published none is: the broker's absence is not the participants'
 * silence, and must not use up attempts.
 *
 * @returns whether more may be due
 */
export async function deadlineRound<Tx>({
  runner,
  transport,
  logger,
  maxSetSize,
}: DeadlineOptions<Tx>): Promise<boolean> {
  if (!transport.canPublish()) return false;
  const { commands, more } = await runner.applyDue(maxSetSize);
  await sendCommands(commands, transport, runner, logger);
  return more;
}

/** Applies deadlines until the signal says stop. A failing round is tried again, never skipped. */
export async function handleDeadlines<Tx>(
  options: DeadlineOptions<Tx> & { readonly pollMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { pollMs, signal, logger } = options;
  let failures = 0;
  while (!signal.aborted) {
    let pause = pollMs;
    try {
      if (await deadlineRound(options)) pause = 0;
      failures = 0;
    } catch (error) {
      failures++;
      pause = Math.min(DEFAULTS.recoveryMaxMs, pollMs * 2 ** failures);
      logger.warn({ reason: messageOf(error) }, 'deadlines could not be handled; trying again');
    }
    await delay(pause, undefined, { signal }).catch(() => undefined);
  }
}

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
  readonly pollMs: number;
  readonly maxSetSize: number;
  readonly signal: AbortSignal;
}

/** Applies deadlines until the signal says stop. A failing round is tried again, never skipped. */
export async function handleDeadlines<Tx>({
  runner,
  transport,
  logger,
  pollMs,
  maxSetSize,
  signal,
}: DeadlineOptions<Tx>): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    let pause = pollMs;
    try {
      // While nothing can be sent no attempt is counted: the broker's absence is not the participants' silence.
      if (transport.canPublish()) {
        const { commands, more } = await runner.applyDue(maxSetSize);
        await sendCommands(commands, transport, runner, logger);
        if (more) pause = 0;
      }
      failures = 0;
    } catch (error) {
      failures++;
      pause = Math.min(DEFAULTS.recoveryMaxMs, pollMs * 2 ** failures);
      logger.warn({ reason: messageOf(error) }, 'deadlines could not be handled; trying again');
    }
    await delay(pause, undefined, { signal }).catch(() => undefined);
  }
}

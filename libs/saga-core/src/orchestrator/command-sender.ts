/** Publishes what was committed, and tells the saga of commands that no queue takes. */
import type { Logger } from 'pino';
import { commandMessage, type CommandToSend } from '../contract/command-message.js';
import type { IncomingMessage } from '../contract/message.js';
import { crashPoint } from '../crash-point.js';
import type { SagaEvent } from '../engine/event.js';
import { logSparsely } from '../util/log-sparsely.js';
import { ensureDeadLettered, type DeadLettered } from '../transport/ensure-dead-lettered.js';
import type { Transport } from '../transport/transport.js';
import type { SagaRunner } from './saga-runner.js';

/**
 * Publishes commands, and dead letters with them, and waits until the broker has them.
 *
 * @param deadLettered - what is dead-lettered
 * @returns those messages of them whose letters no queue has: they are not done
 * @throws {SagaError} TRANSPORT_UNAVAILABLE; the commands stand on their sagas' rows and are sent again
 */
export async function sendCommands<Tx>(
  commands: readonly CommandToSend[],
  transport: Transport,
  runner: SagaRunner<Tx>,
  logger: Logger,
  deadLettered: readonly DeadLettered[] = [],
): Promise<readonly IncomingMessage[]> {
  const fates = await transport.publish([...commands.map(commandMessage), ...deadLettered.map(({ letter }) => letter)]);
  const events = new Map<string, SagaEvent[]>();
  for (const [index, { contract, sagaId, commandId, attempt }] of commands.entries()) {
    const type = fates[index]!;
    if (type === 'confirmed') continue;
    const message = type === 'returned' ? 'no queue takes this command' : 'the broker refuses this command';
    logSparsely(logger, 'warn', { task: contract.task, sagaId }, message);
    events.set(sagaId, [...(events.get(sagaId) ?? []), { type, commandId, attempt }]);
  }
  if (events.size > 0) {
    const applied = await runner.apply('publications', events);
    await sendCommands(applied.commands, transport, runner, logger);
    for (const id of applied.suspects) {
      const alone = await runner.applyAlone('publications', id, events.get(id)!);
      await sendCommands(alone.commands, transport, runner, logger);
    }
  }
  const undone = await ensureDeadLettered(deadLettered, fates.slice(commands.length), transport, logger);
  crashPoint('orchestrator:after-publish');
  return undone;
}

/** Publishes what was committed, and tells the saga of commands that no queue takes. */
import type { Logger } from 'pino';
import { commandMessage, type CommandToSend } from '../contract/command-message.js';
import type { OutgoingMessage } from '../contract/message.js';
import { crashPoint } from '../crash-point.js';
import { logSparsely } from '../engine/log-sparsely.js';
import { assertDeadLettersKept } from '../transport/kept-dead-letters.js';
import type { Transport } from '../transport/transport.js';
import type { SagaRunner } from './saga-runner.js';

/**
 * Publishes commands, and dead letters with them, and waits until the broker has them.
 *
 * @throws {SagaError} TRANSPORT_UNAVAILABLE; the commands stand on their sagas' rows and are sent again
 */
export async function sendCommands<Tx>(
  commands: readonly CommandToSend[],
  transport: Transport,
  runner: SagaRunner<Tx>,
  logger: Logger,
  deadLetters: readonly OutgoingMessage[] = [],
): Promise<void> {
  const messages = [...commands.map(commandMessage), ...deadLetters];
  const fates = await transport.publish(messages);
  const returned = commands.filter((_command, index) => fates[index] === 'returned');
  for (const { contract, sagaId } of returned)
    logSparsely(logger, 'warn', { task: contract.task, sagaId }, 'no queue takes this command');
  if (returned.length > 0) {
    const events = new Map(
      returned.map(({ sagaId, commandId, attempt }) => [sagaId, [{ type: 'returned', commandId, attempt } as const]]),
    );
    await sendCommands((await runner.apply(events)).commands, transport, runner, logger);
  }
  assertDeadLettersKept(messages, fates);
  crashPoint('orchestrator:after-publish');
}

import { randomUUID } from 'node:crypto';
import type { CommandContract, PayloadOf, ReceivedCommand } from 'saga-core';

/**
 * @param attempt - the how manieth attempt this is, from 1
 * @returns the command as a handler is given it, of a saga of its own
 */
export function commandOf<Command extends CommandContract>(
  contract: Command,
  payload: PayloadOf<Command>,
  attempt = 1,
): ReceivedCommand<PayloadOf<Command>> {
  const sagaId = randomUUID();
  return { commandId: `${sagaId}:1`, sagaId, task: contract.task, attempt, payload };
}

/** What happens to commands, in the log: each line has the command's and the saga's id, the business keys, and the attempt. */
import type { Logger } from 'pino';
import type { CommandFate } from './command-observer.js';
import { messageOf } from '../errors.js';
import type { ReceivedCommand } from './received-command.js';

export interface CommandLog {
  /** A handler threw. */
  failed(command: ReceivedCommand, thrown: unknown): void;
  /** It is answered, or its answer withheld. Told at level debug. */
  handled(command: ReceivedCommand, fate: CommandFate): void;
}

/**
 * @param logFields - makes business keys of a payload, which holds to its contract
 * @returns what a participant's log is told
 */
export function commandLog(logger: Logger, logFields: (payload: never) => object = () => ({})): CommandLog {
  const fieldsOf = ({ task, commandId, sagaId, attempt, payload }: ReceivedCommand) => ({
    sagaId,
    ...keysOf(logFields, payload),
    task,
    commandId,
    attempt,
  });
  return {
    failed(command, thrown) {
      logger.error({ err: thrown, ...fieldsOf(command) }, 'a command handler failed');
    },
    handled(command, fate) {
      if (logger.isLevelEnabled('debug')) logger.debug({ ...fieldsOf(command), fate }, 'a command was handled');
    },
  };
}

/** Whatever a service makes of a payload must not stop it. */
function keysOf(logFields: (payload: never) => object, payload: unknown): object {
  try {
    // What it gives is read here, for a member may throw.
    return { ...logFields(payload as never) };
  } catch (error) {
    return { logFieldsError: messageOf(error) };
  }
}

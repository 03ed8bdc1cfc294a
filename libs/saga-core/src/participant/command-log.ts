/**
 * What happens to commands, in the log: each line has the ids of command, saga and trace, the business keys, and the
 * attempt.
 */
import type { Logger } from 'pino';
import { traceFields } from '../contract/traceparent.js';
import type { CommandFate } from './command-observer.js';
import { messageOf } from '../errors.js';
import type { AcceptedCommand } from './received-command.js';

/** What the log says of a command. */
type LoggedCommand = Pick<AcceptedCommand, 'received' | 'traceparent'>;

export interface CommandLog {
  /** A handler threw. */
  failed(command: LoggedCommand, thrown: unknown): void;
  /** It is answered, or its answer withheld. Told at level debug. */
  handled(command: LoggedCommand, fate: CommandFate): void;
}

/**
 * @param logFields - makes business keys of a payload, which holds to its contract
 * @returns what a participant's log is told
 */
export function commandLog(logger: Logger, logFields: (payload: never) => object = () => ({})): CommandLog {
  const fieldsOf = ({ received: { task, commandId, sagaId, attempt, payload }, traceparent }: LoggedCommand) => ({
    sagaId,
    ...keysOf(logFields, payload),
    task,
    commandId,
    attempt,
    ...traceFields(traceparent),
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

/** Commands on the wire. */
import type { CommandContract } from './command.js';
import { encodeJson, type IncomingMessage, type OutgoingMessage } from './message.js';
import { COMMAND_EXCHANGE } from './routing.js';

/**
 * Headers are for people and tools; `traceparent` is passed on, `attempt` echoed by whoever can, and none is needed for
 * correctness.
 */
export const COMMAND_HEADERS = {
  sagaId: 'x-saga-id',
  sagaName: 'x-saga-name',
  step: 'x-saga-step',
  attempt: 'x-saga-attempt',
  traceparent: 'traceparent',
} as const;

/** A header may be a table, and a table may be what cannot even be converted to a number. */
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

/** @returns the attempt that the headers of a command or a reply tell, from 1; undefined when they tell none */
export function attemptIn(headers: IncomingMessage['headers']): number | undefined {
  const attempt = headers[COMMAND_HEADERS.attempt];
  return isCount(attempt) ? attempt : undefined;
}

/** A command that an orchestrator sends. */
export interface CommandToSend {
  readonly contract: CommandContract;
  readonly commandId: string;
  readonly replyTo: string;
  readonly sagaId: string;
  readonly sagaName: string;
  readonly step: string;
  /** From 1; resends count up and keep the identity. */
  readonly attempt: number;
  readonly traceparent: string | null;
  readonly payload: unknown;
}

/** @returns the command as the message that carries it. */
export function commandMessage(command: CommandToSend): OutgoingMessage {
  return {
    exchange: COMMAND_EXCHANGE,
    routingKey: command.contract.task,
    correlationId: command.commandId,
    replyTo: command.replyTo,
    headers: {
      [COMMAND_HEADERS.sagaId]: command.sagaId,
      [COMMAND_HEADERS.sagaName]: command.sagaName,
      [COMMAND_HEADERS.step]: command.step,
      [COMMAND_HEADERS.attempt]: command.attempt,
      ...(command.traceparent === null ? {} : { [COMMAND_HEADERS.traceparent]: command.traceparent }),
    },
    body: encodeJson(command.payload),
  };
}

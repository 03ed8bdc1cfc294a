/** What the definition of the saga says: a step that is added to it changes nothing in this folder. */
import { createOrderSaga } from 'order-service';
import { recordOf } from 'saga-core/asyncapi';

type Definition = typeof createOrderSaga;
/** What one run of the saga knows. */
export type SagaData = Parameters<NonNullable<Definition['logFields']>>[0];

/** A command that a saga sends when all goes well, and what comes back. */
export interface SagaCommand {
  readonly task: string;
  /** The participant: `restaurant_service`. */
  readonly service: string;
  /** Of the step, from 0. */
  readonly step: number;
  readonly isReading: boolean;
  /** @returns the payload */
  readonly build: (data: SagaData) => unknown;
  /** @returns what the reply adds to the data */
  readonly onReply: (data: SagaData) => Partial<SagaData>;
  /** A reply that its contract allows. */
  readonly reply: unknown;
}

/** In the order in which they are sent. */
export const COMMANDS: readonly SagaCommand[] = createOrderSaga.steps.flatMap(({ action, kind }, step) => {
  if (!('command' in action)) return [];
  const { task } = action.command;
  const { reply } = recordOf(action.command, 1).messages; // the same in each version
  return {
    task,
    service: task.slice(0, task.indexOf('.')),
    step,
    isReading: kind === 'read-only',
    build: action.payload,
    onReply: (data) => action.onReply?.(data, reply) ?? {},
    reply,
  };
});

/** The services that the saga sends commands to, each once. */
export const PARTICIPANTS: readonly string[] = [...new Set(COMMANDS.map(({ service }) => service))];

/** Where replies go: an exchange, and the queue of the same name. */
export const REPLY_ADDRESS = createOrderSaga.replyAddress;

/** The name of the saga. */
export const SAGA_NAME = createOrderSaga.name;

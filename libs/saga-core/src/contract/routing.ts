/**
 * Every name on the wire is made here, and nowhere else:
 * `<service>.commands`, `<saga>.responses`, `<task>.response.success`, `<queue>.dead`, `<saga id>:<sequence>`.
 */
import { SagaError } from '../errors.js';
import { UUID } from '../util/uuid.js';

/** The topic exchange to which orchestrators publish commands; the routing key is the task name. */
export const COMMAND_EXCHANGE = 'saga.commands';

/** The direct exchange to which dead letters go; the routing key is the queue they come from. */
export const DEAD_LETTER_EXCHANGE = 'saga.dead';

const NAME = /^[a-z][a-z0-9_]{0,99}$/;
const TASK = /^([a-z][a-z0-9_]{0,99})\.([a-z][a-z0-9_]{0,99})$/;
const REPLY_KEY = /^([a-z][a-z0-9_]{0,99}\.[a-z][a-z0-9_]{0,99})\.response\.(success|failure)$/;
const REPLY_ADDRESS = /^[a-z][a-z0-9_]{0,99}\.responses$/;
const COMMAND_ID = new RegExp(`^(${UUID}):([1-9][0-9]{0,8})$`);

/**
 * @param what - the kind of thing named, for the error
 * @returns `name`
 * @throws {SagaError} INVALID_CONTRACT unless it is lower snake case
 */
export function checkedName(what: string, name: string): string {
  if (!NAME.test(name))
    throw new SagaError('INVALID_CONTRACT', `${what} "${name}" must be lower snake case, such as "create_order"`);
  return name;
}

/**
 * @returns the service that a task belongs to: `restaurant_service` of `restaurant_service.create_ticket`.
 * @throws {SagaError} INVALID_CONTRACT for a name that is no task
 */
export function serviceOf(task: string): string {
  const service = TASK.exec(task)?.[1];
  if (!service)
    throw new SagaError('INVALID_CONTRACT', `Task "${task}" must read "<service>.<command>" in lower snake case`);
  return service;
}

/** @returns the queue of a service's commands. */
export const commandQueueOf = (service: string): string => `${service}.commands`;

/** @returns the pattern that binds a service's command queue to the command exchange. */
export const commandBindingOf = (service: string): string => `${service}.*`;

/** @returns the exchange, and the queue of the same name, that take the replies of a saga. */
export const replyAddressOf = (saga: string): string => `${saga}.responses`;

/** @returns the routing key of a reply to `task`. */
export const replyRoutingKeyOf = (task: string, outcome: 'success' | 'failure'): string =>
  `${task}.response.${outcome}`;

/** Binds a reply queue to its exchange: every task, success and failure. */
export const REPLY_BINDING = '*.*.response.*';

/** @returns the queue in which the dead letters of `queue` lie. */
export const deadLetterQueueOf = (queue: string): string => `${queue}.dead`;

/** @returns the task and outcome that a reply's routing key names, or null. */
export function parseReplyRoutingKey(key: string): { task: string; outcome: 'success' | 'failure' } | null {
  const match = REPLY_KEY.exec(key);
  return match ? { task: match[1]!, outcome: match[2] as 'success' | 'failure' } : null;
}

/** @returns whether `replyTo` may name a reply exchange at all: a destination never comes from a message alone. */
export const isReplyAddress = (replyTo: string): boolean => REPLY_ADDRESS.test(replyTo);

/** @returns whether a routing key is one of a command or a reply. */
export const isRoutingKey = (key: string): boolean => TASK.test(key) || REPLY_KEY.test(key);

/** The identity of a command: resends keep it, replies echo it. */
export interface CommandIdentity {
  readonly sagaId: string;
  readonly sequence: number;
}

/** @returns the identity as it stands in `correlationId`. */
export const commandIdOf = (sagaId: string, sequence: number): string => `${sagaId}:${sequence}`;

/** @returns the identity that a `correlationId` holds, or null. */
export function parseCommandId(commandId: string): CommandIdentity | null {
  const match = COMMAND_ID.exec(commandId);
  return match ? { sagaId: match[1]!, sequence: Number(match[2]) } : null;
}

/** A JSON Schema pattern of a command's identity, for contracts and documents. */
export const COMMAND_ID_PATTERN = COMMAND_ID.source;

/** A JSON Schema pattern of a reply address. */
export const REPLY_ADDRESS_PATTERN = REPLY_ADDRESS.source;

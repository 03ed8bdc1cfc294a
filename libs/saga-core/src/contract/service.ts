import { SagaError } from '../errors.js';
import type { CommandContract } from './command.js';
import { checkedName, serviceOf } from './routing.js';

/** All commands that one participant handles. */
export interface ServiceContract<Commands extends Record<string, CommandContract> = Record<string, CommandContract>> {
  /** Lower snake case, the first part of every task name: `restaurant_service`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** By the name that the handler has in code: `createTicket`. */
  readonly commands: Commands;
}

/**
 * Defines a service by its commands.
 *
 * @throws {SagaError} INVALID_CONTRACT for a command of another service, a task named twice, or an undo without its
 *   action
 */
export function defineService<Commands extends Record<string, CommandContract>>(
  service: ServiceContract<Commands>,
): ServiceContract<Commands> {
  checkedName('Service name', service.name);
  const tasks = new Set<string>();
  for (const command of Object.values(service.commands)) {
    if (serviceOf(command.task) !== service.name)
      throw new SagaError('INVALID_CONTRACT', `${command.task} does not belong to ${service.name}`);
    if (tasks.has(command.task)) throw new SagaError('INVALID_CONTRACT', `${command.task} is defined twice`);
    tasks.add(command.task);
  }
  for (const { task, undoes } of Object.values(service.commands))
    if (undoes && !tasks.has(undoes.task))
      throw new SagaError('INVALID_CONTRACT', `${service.name} has ${task} but not ${undoes.task}, which it undoes`);
  return service;
}

/** Which queues sagas use. */
import { commandQueueOf, serviceOf } from '../contract/routing.js';
import type { SagaDefinition } from './saga.js';
import { isRemote, nameOf } from './step.js';

/** @returns the queues of the participants that sagas use, and of their replies; each once, by name */
export function queuesOf(definitions: readonly SagaDefinition[]): string[] {
  const commands = definitions.flatMap(({ steps }) =>
    steps.flatMap(({ action, undo }) => [action, ...(undo ? [undo] : [])]).filter(isRemote),
  );
  const services = commands.map((command) => commandQueueOf(serviceOf(nameOf(command))));
  return [...new Set([...services, ...definitions.map(({ replyAddress }) => replyAddress)])].sort();
}

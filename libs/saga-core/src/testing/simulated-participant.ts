/** A participant with as few handlers as a scenario needs. */
import { exampleOf } from '../asyncapi/example.js';
import type { CommandContract } from '../contract/command.js';
import type { ServiceContract } from '../contract/service.js';
import type { AnyHandler, CommandHandlers } from '../participant/command-handlers.js';
import type { MemoryTransaction } from './memory-transaction.js';
import type { SimulatedParticipant } from './simulated-system.js';

/**
 * @param service - the contract of the participant
 * @param handlers - handlers that write to memory. A command without one changes nothing, and is answered with the
 *   example of its contract.
 * @returns the participant, for `simulate`
 * @throws when a command that has an undo, or is one, has no handler: its effect could not be checked
 */
export function simulatedParticipant<Service extends ServiceContract>(
  service: Service,
  handlers: Partial<CommandHandlers<Service, MemoryTransaction>>,
): SimulatedParticipant {
  const given = handlers as Readonly<Record<string, AnyHandler<MemoryTransaction> | undefined>>;
  const commands = Object.entries(service.commands);
  const withEffect = new Set(commands.flatMap(([, { task, undoes }]) => (undoes ? [task, undoes.task] : [])));
  const handlerOf = (key: string, { task, reply }: CommandContract): AnyHandler<MemoryTransaction> => {
    const handler = given[key];
    if (handler) return handler;
    if (withEffect.has(task)) throw new Error(`${task} has an effect: give its simulated participant a handler`);
    return async () => exampleOf(`${task}: its reply`, reply);
  };
  return {
    service,
    handlers: Object.fromEntries(commands.map(([key, contract]) => [key, handlerOf(key, contract)])),
  };
}

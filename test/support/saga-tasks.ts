/**
 * The commands of the create-order saga, as its definition has them: tests that count or list them need no change when
 * a step is added.
 */
import { createOrderSaga } from '../../apps/order-service/src/create-order-saga/create-order-saga.js';

type Command = (typeof createOrderSaga.steps)[number]['action'];

const taskOf = (command: Command | null): string[] => (command && 'command' in command ? [command.command.task] : []);

/** The steps of the newest version, by name, in their order. */
export const STEPS: readonly string[] = createOrderSaga.steps.map(({ name }) => name);

/** The commands that an approved order causes, in their order. */
export const ACTIONS: readonly string[] = createOrderSaga.steps.flatMap(({ action }) => taskOf(action));

/** The commands that undo them. */
export const UNDOS: readonly string[] = createOrderSaga.steps.flatMap(({ undo }) => taskOf(undo));

/** A saga's definition for people. */
import { commandQueueOf, type SagaDefinition, stateDiagramOf } from 'saga-core';
import { isRemote, nameOf, serviceOf } from 'saga-core/admin';
import type { Definition } from './schemas/index.js';

/** @returns its steps, and a state diagram of them. */
export function definitionView(definition: SagaDefinition): Definition {
  const { name, version, deadlineMs } = definition;
  const steps = definition.steps.map(({ name: step, kind, action, undo }) => {
    const service = isRemote(action) ? serviceOf(action.command.task) : null;
    return {
      name: step,
      kind,
      local: service === null,
      undo: undo && nameOf(undo),
      service,
      queue: service && commandQueueOf(service),
    };
  });
  return { name, version, deadlineMs, steps, mermaid: stateDiagramOf(definition) };
}

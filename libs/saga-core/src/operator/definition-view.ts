/** A saga's definition for people. */
import { commandQueueOf, serviceOf } from '../contract/routing.js';
import type { SagaDefinition } from '../definition/saga.js';
import { isRemote, nameOf } from '../definition/step.js';
import type { Definition } from './schemas/index.js';

/** @returns its steps, and a state diagram of them. */
export function definitionView(definition: SagaDefinition<never, never>): Definition {
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
  return { name, version, deadlineMs, steps, mermaid: diagramOf(steps) };
}

/** Forward from top to bottom; a refusal leads to the undo of the nearest step before that has one. */
function diagramOf(steps: Definition['steps']): string {
  const lines = ['stateDiagram-v2'];
  const undoBefore = (index: number): string => {
    const found = steps.slice(0, index).findLastIndex(({ undo }) => undo !== null);
    return found === -1 ? '[*]' : `u${found}`;
  };
  let turnsBack = true;
  steps.forEach(({ name, undo, kind }, index) => {
    lines.push(`  state "${name}" as s${index}`, `  ${index === 0 ? '[*]' : `s${index - 1}`} --> s${index}`);
    if (kind === 'retriable') turnsBack = false;
    if (!turnsBack) return;
    if (undo !== null)
      lines.push(
        `  state "${undo}" as u${index}`,
        `  s${index} --> u${index} : unknown`,
        `  u${index} --> ${undoBefore(index)}`,
      );
    lines.push(`  s${index} --> ${undoBefore(index)} : refused`);
    if (kind === 'pivot') turnsBack = false;
  });
  lines.push(`  s${steps.length - 1} --> [*]`);
  return lines.join('\n');
}

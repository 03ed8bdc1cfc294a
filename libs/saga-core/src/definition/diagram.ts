/** Pictures of a saga for people, in Mermaid: made of its definition, so they cannot be wrong about it. */
import { serviceOf } from '../contract/routing.js';
import type { SagaDefinition } from './saga.js';
import { isRemote, nameOf } from './step.js';

/** Mermaid's ids have no dots. */
const idOf = (name: string): string => name.replaceAll('.', '__');

/** @returns a Mermaid state diagram: each step and undo, and where success, refusal and giving up lead. */
export function stateDiagramOf<Data, Tx>({ steps }: SagaDefinition<Data, Tx>): string {
  const lines = new Set<string>();
  const names = steps.flatMap(({ action, undo }) => [nameOf(action), ...(undo ? [nameOf(undo)] : [])]);
  for (const name of names) lines.add(`state "${name}" as ${idOf(name)}`);
  lines.add(`[*] --> ${idOf(steps[0]!.name)}`);
  /** Where compensation goes on from a step that has nothing left to undo. */
  let undoBefore = 'compensated';
  steps.forEach(({ name, kind, action, undo }, index) => {
    const next = steps[index + 1];
    lines.add(`${idOf(name)} --> ${next ? idOf(next.name) : 'completed'}`);
    if (kind === 'retriable') return void lines.add(`${idOf(name)} --> stuck: given up`);
    const undoId = undo ? idOf(nameOf(undo)) : null;
    lines.add(`${idOf(name)} --> ${undoBefore}: ${undoId && isRemote(action) ? 'refused' : 'refused or given up'}`);
    if (!undoId) return;
    if (isRemote(action)) lines.add(`${idOf(name)} --> ${undoId}: outcome unknown`);
    lines.add(`${undoId} --> ${undoBefore}`);
    lines.add(`${undoId} --> stuck: given up`);
    undoBefore = undoId;
  });
  lines.add('completed --> [*]');
  lines.add('compensated --> [*]');
  return ['stateDiagram-v2', ...[...lines].map((line) => `  ${line}`)].join('\n');
}

/** @returns a Mermaid sequence diagram of a saga in which every step succeeds. */
export function sequenceDiagramOf<Data, Tx>({ name, steps }: SagaDefinition<Data, Tx>): string {
  const services = new Set(steps.flatMap(({ action }) => (isRemote(action) ? [serviceOf(action.command.task)] : [])));
  const messages = steps.flatMap(({ action }) => {
    if (!isRemote(action)) return [`Note over ${name}: ${nameOf(action)}`];
    const { task } = action.command;
    const service = serviceOf(task);
    return [`${name}->>${service}: ${task}`, `${service}-->>${name}: success`];
  });
  const participants = [name, ...services].map((participant) => `participant ${participant}`);
  return ['sequenceDiagram', ...[...participants, ...messages].map((line) => `  ${line}`)].join('\n');
}

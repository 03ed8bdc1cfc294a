/** A saga's definition as Mermaid text, for documents and pages: they cannot tell another story than the code. */
import type { SagaDefinition } from './saga.js';
import { isRemote, nameOf, type Step, type StepCommand } from './step.js';

type AnyStep = Step<never, never>;

const COMPLETED = 'completed';
const COMPENSATED = 'compensated';

/**
 * @returns a Mermaid state diagram: a state for each action and each undo, how a saga comes from one to the next, and
 *   its two ends. What must succeed, undos and steps after the pivot, is tried again until it does, or is parked for an
 *   operator.
 */
export function stateDiagramOf({ steps }: SagaDefinition): string {
  const arrows = new Map<string, string[]>();
  const arrow = (from: string, to: string, why: string): void => {
    const reasons = arrows.get(`${from} --> ${to}`) ?? [];
    arrows.set(`${from} --> ${to}`, [...reasons, why]);
  };
  /** Where compensation begins, or goes on, when what is to be undone lies at or before a step. */
  const undoUpTo = (last: number): string => {
    const step = steps.slice(0, last + 1).findLast(({ undo }) => undo !== null);
    return step ? stateOf(step.undo!) : COMPENSATED;
  };
  steps.forEach((step, index) => {
    const state = stateOf(step.action);
    const next = steps[index + 1];
    arrow(state, next ? stateOf(next.action) : COMPLETED, 'done');
    if (step.kind === 'retriable') arrow(state, state, 'failed');
    else {
      arrow(state, undoUpTo(index - 1), 'refused');
      // A command that was not answered may have had its effect; a local step that failed was rolled back.
      arrow(
        state,
        undoUpTo(isRemote(step.action) ? index : index - 1),
        isRemote(step.action) ? 'outcome unknown' : 'failed',
      );
    }
    if (step.undo) {
      arrow(stateOf(step.undo), undoUpTo(index - 1), 'undone');
      arrow(stateOf(step.undo), stateOf(step.undo), 'failed');
    }
  });
  const commands = steps.flatMap(({ action, undo }) => (undo ? [action, undo] : [action]));
  return lines([
    'stateDiagram-v2',
    ...commands.map((command) => `state "${nameOf(command)}" as ${stateOf(command)}`),
    `[*] --> ${stateOf(steps[0]!.action)}`,
    ...[...arrows].map(([line, reasons]) => `${line} : ${reasons.join(', or ')}`),
    `${COMPLETED} --> [*]`,
    `${COMPENSATED} --> [*]`,
  ]);
}

/**
 * @returns a Mermaid sequence diagram: who gets which command in the order of the steps, and what is undone, in the
 *   opposite order, when it turns back.
 */
export function sequenceDiagramOf({ name, steps }: SagaDefinition): string {
  const services = new Set(steps.flatMap(({ action }) => (isRemote(action) ? [serviceOf(action)] : [])));
  const pivot = steps.findIndex(({ kind }) => kind === 'pivot');
  const before = pivot < 0 ? steps : steps.slice(0, pivot + 1);
  const undos = before.filter(({ undo }) => undo !== null).toReversed();
  return lines([
    'sequenceDiagram',
    `participant saga as ${name}`,
    ...[...services].map((service) => `participant ${service}`),
    ...steps.flatMap((step) => exchangeOf(step.action, step.kind)),
    ...(undos.length === 0
      ? []
      : [
          `opt refused or failed ${pivot < 0 ? 'on the way' : 'up to the pivot'}`,
          ...undos.flatMap((step) => indented(undoOf(step))),
          'end',
        ]),
  ]);
}

function undoOf({ kind, action, undo }: AnyStep): string[] {
  const when = kind === 'pivot' ? 'may have succeeded' : 'has succeeded, or may have';
  return isRemote(undo!)
    ? [`opt ${shortName(action)} ${when}`, ...indented(exchangeOf(undo, 'undo')), 'end']
    : exchangeOf(undo!, 'undo');
}

function exchangeOf(command: StepCommand<never, never>, kind: string): string[] {
  if (!isRemote(command)) return [`Note over saga: ${nameOf(command)} (${kind}, local)`];
  const service = serviceOf(command);
  const fields = Object.keys(command.command.reply.properties as object);
  return [
    `saga->>${service}: ${shortName(command)} (${kind})`,
    `${service}-->>saga: ${['success', ...(fields.length > 0 ? [fields.join(', ')] : [])].join(': ')}`,
  ];
}

const serviceOf = (command: StepCommand<never, never>): string => nameOf(command).split('.')[0]!;
const shortName = (command: StepCommand<never, never>): string => nameOf(command).split('.').at(-1)!;
/** Mermaid takes no dot in the name of a state. */
const stateOf = (command: StepCommand<never, never>): string => nameOf(command).replaceAll('.', '__');
const indented = (texts: readonly string[]): string[] => texts.map((text) => `  ${text}`);
const lines = ([first, ...rest]: readonly string[]): string => `${[first, ...indented(rest)].join('\n')}\n`;

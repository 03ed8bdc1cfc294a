/**
 * Invariant: no saga is run by steps that it was not started with. A definition's shape is what an instance depends on
 * while it runs: which steps there are, in which order, of which kind, and how they are undone. Code, schemas and
 * retry limits may change without a new version.
 */
import { createHash } from 'node:crypto';
import { isRemote, nameOf, type Step } from './step.js';

/** A step, as far as an instance depends on it. */
export interface StepShape {
  /** The task, or the name of the local step. */
  readonly name: string;
  readonly kind: string;
  readonly local: boolean;
  /** The task, or the name of the local step, that undoes it. */
  readonly undo: string | null;
}

export type SagaShape = readonly StepShape[];

/** @returns the shape of a saga's steps, in their order */
export function shapeOf<Data, Tx>(steps: readonly Step<Data, Tx>[]): SagaShape {
  return steps.map(({ name, kind, action, undo }) => ({
    name,
    kind,
    local: !isRemote(action),
    undo: undo && nameOf(undo),
  }));
}

/** @returns a short text that two shapes have in common only if they are the same */
export function fingerprintOf(shape: SagaShape): string {
  const parts = shape.map(({ name, kind, local, undo }) => [name, kind, local, undo]);
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** @returns what it takes to get from one shape to another, a line for each step */
export function differenceOf(before: SagaShape, after: SagaShape): string[] {
  const [was, is] = [byName(before), byName(after)];
  const common = (shape: SagaShape, other: ReadonlyMap<string, StepShape>) =>
    shape.filter(({ name }) => other.has(name)).map(({ name }) => name);
  const [orderBefore, orderAfter] = [common(before, is), common(after, was)];
  return [
    ...before.filter(({ name }) => !is.has(name)).map((step) => `removed: ${describe(step)}`),
    ...after.filter(({ name }) => !was.has(name)).map((step) => `added: ${describe(step)}`),
    ...after
      .filter((step) => was.has(step.name) && describe(was.get(step.name)!) !== describe(step))
      .map((step) => `changed: ${describe(was.get(step.name)!)}; now ${describe(step)}`),
    ...(orderBefore.join() === orderAfter.join()
      ? []
      : [`other order: ${orderBefore.join(', ')}; now ${orderAfter.join(', ')}`]),
  ];
}

const byName = (shape: SagaShape): ReadonlyMap<string, StepShape> => new Map(shape.map((step) => [step.name, step]));

const describe = ({ name, kind, local, undo }: StepShape): string =>
  `${name} (${kind}${local ? ', local' : ''}${undo === null ? '' : `, undone by ${undo}`})`;

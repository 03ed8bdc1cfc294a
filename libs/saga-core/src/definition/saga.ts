/**
 * Invariant: no effect without an undo before the pivot, no undo after it. An unsound saga is refused when it is
 * defined.
 */
import type { Static, TObject } from '@sinclair/typebox';
import { checkedName, replyAddressOf } from '../contract/routing.js';
import { SagaError } from '../errors.js';
import type { RetryPolicy } from '../settings.js';
import { fingerprintOf, shapeOf } from './shape.js';
import { isRemote, nameOf, type Step, type StepCommand } from './step.js';

/**
 * A saga as it is run. It takes its data and the transaction, and gives neither: so each definition is a
 * `SagaDefinition` of `never`, which is what is written where any saga will do.
 */
export interface SagaDefinition<in Data = never, in Tx = never> {
  /** Lower snake case: `create_order_saga`. */
  readonly name: string;
  /**
   * Raised when steps change. Instances run on under the version that they were started with, so keep that one, by
   * `earlierVersion`, until they have ended.
   */
  readonly version: number;
  /** Of the shape of its steps: instances that were started with others under the same version are not run. */
  readonly fingerprint: string;
  /** The shape of an instance's data at its start. */
  readonly data: TObject;
  readonly steps: readonly Step<Data, Tx>[];
  /**
   * How long after its start an instance may still be before the pivot, in milliseconds; then it is compensated. null:
   * as long as its steps are tried.
   */
  readonly deadlineMs: number | null;
  /** What the log says of an instance beside its id, such as the id of an order; nothing that is secret. */
  readonly logFields?: (data: Data) => object;
  /** The exchange and queue of its replies. */
  readonly replyAddress: string;
}

/**
 * Defines a saga: its steps from top to bottom.
 *
 * @param saga.deadlineMs - how long after its start an instance may still be before the pivot; later it is compensated
 * @param saga.logFields - what the log says of an instance beside its id
 * @param saga.data - the schema that a new instance's data must satisfy; what later replies add is optional in it
 * @throws {SagaError} INVALID_DEFINITION, naming the step, for a saga that could end wrong
 */
export function defineSaga<Schema extends TObject, Tx>(saga: {
  name: string;
  version?: number;
  deadlineMs?: number;
  data: Schema;
  logFields?: (data: Static<Schema>) => object;
  steps: readonly Step<Static<Schema>, Tx>[];
}): SagaDefinition<Static<Schema>, Tx> {
  checkedName('Saga name', saga.name);
  const definition = {
    ...saga,
    version: saga.version ?? 1,
    deadlineMs: saga.deadlineMs ?? null,
    replyAddress: replyAddressOf(saga.name),
    fingerprint: fingerprintOf(shapeOf(saga.steps)),
  };
  if (!Number.isSafeInteger(definition.version) || definition.version < 1)
    throw unsound(definition.name, `version ${definition.version} must be a whole number from 1`);
  if (definition.deadlineMs !== null && !(definition.deadlineMs > 0 && Number.isFinite(definition.deadlineMs)))
    throw unsound(definition.name, `deadlineMs must be above 0, and is ${definition.deadlineMs}`);
  checkSteps(definition.name, definition.steps);
  return definition;
}

function unsound(saga: string, problem: string): SagaError {
  return new SagaError('INVALID_DEFINITION', `${saga}: ${problem}`);
}

/** @throws {SagaError} INVALID_DEFINITION for steps that could end wrong */
export function checkSteps<Data, Tx>(saga: string, steps: readonly Step<Data, Tx>[]): void {
  if (steps.length === 0) throw unsound(saga, 'a saga needs at least one step');
  const pivots = steps.filter((step) => step.kind === 'pivot');
  if (pivots.length > 1)
    throw unsound(saga, `${pivots[1]!.name} is a second pivot; a saga turns once: make it compensatable or retriable`);
  const names = new Set<string>();
  let forwardOnly = false;
  for (const step of steps) {
    for (const command of [step.action, step.undo]) {
      if (!command) continue;
      const name = nameOf(command);
      if (!isRemote(command)) checkedName(`${saga}: local step name`, name);
      if (names.has(name)) throw unsound(saga, `${name} stands in two steps; histories could not tell them apart`);
      names.add(name);
      checkRetry(saga, name, command.retry);
    }
    checkKind(saga, step, forwardOnly);
    if (step.kind === 'pivot' || step.kind === 'retriable') forwardOnly = true;
  }
}

function checkKind<Data, Tx>(saga: string, step: Step<Data, Tx>, forwardOnly: boolean): void {
  const { name, kind, action, undo } = step;
  if (isRemote(action) && action.command.undoes) throw unsound(saga, `${name} is an undo and cannot be an action`);
  if (forwardOnly && kind !== 'retriable')
    throw unsound(saga, `${name} is ${kind} but comes after the pivot, where there is only forward: make it retriable`);
  if (kind === 'retriable' || kind === 'read-only') {
    if (undo) throw unsound(saga, `${name} is ${kind} and would never be undone: remove its undo`);
    return;
  }
  if (kind === 'pivot' && !isRemote(action)) {
    if (undo) throw unsound(saga, `${name} is a local pivot, whose outcome is always known: remove its undo`);
    return;
  }
  if (!undo) throw unsound(saga, `${name} is ${kind} and needs an undo: its effect could remain after the saga failed`);
  checkUndo(saga, name, action, undo);
}

function checkUndo<Data, Tx>(
  saga: string,
  name: string,
  action: StepCommand<Data, Tx>,
  undo: StepCommand<Data, Tx>,
): void {
  if (isRemote(action) !== isRemote(undo))
    throw unsound(saga, `${name} and its undo must both be local or both be commands`);
  if (isRemote(action) && isRemote(undo) && undo.command.undoes?.task !== action.command.task)
    throw unsound(saga, `${undo.command.task} does not undo ${name}: define it with defineUndo({ undoes: … })`);
}

function checkRetry(saga: string, name: string, retry: RetryPolicy): void {
  const { replyTimeoutMs, attempts, backoff } = retry;
  const wrong = (what: string, value: number) => unsound(saga, `${name}: ${what} is ${value}`);
  if (!(replyTimeoutMs > 0 && Number.isFinite(replyTimeoutMs)))
    throw wrong('replyTimeoutMs must be above 0, and', replyTimeoutMs);
  if (!(Number.isSafeInteger(attempts) && attempts >= 1))
    throw wrong('attempts must be a whole number from 1, and', attempts);
  if (!(backoff.initialMs >= 0 && Number.isFinite(backoff.initialMs)))
    throw wrong('backoff.initialMs must be 0 or more, and', backoff.initialMs);
  if (!(backoff.factor >= 1 && Number.isFinite(backoff.factor)))
    throw wrong('backoff.factor must be 1 or more, and', backoff.factor);
  if (!(backoff.maxMs >= backoff.initialMs && Number.isFinite(backoff.maxMs)))
    throw wrong('backoff.maxMs must be at least initialMs, and', backoff.maxMs);
}

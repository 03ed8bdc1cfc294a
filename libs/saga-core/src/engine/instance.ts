/** One run of a saga, as it stands between two inputs. */
import { commandIdOf } from '../contract/routing.js';
import type { SagaDefinition } from '../definition/saga.js';
import type { SagaFailure } from '../definition/step.js';

export const SAGA_STATUSES = ['running', 'compensating', 'completed', 'compensated', 'stuck'] as const;
export type SagaStatus = (typeof SAGA_STATUSES)[number];

/** The command whose reply counts now. */
export interface AwaitedCommand {
  /** Index of the step. */
  readonly step: number;
  /** The task, or the name of the local step. */
  readonly name: string;
  readonly direction: 'action' | 'undo';
  readonly sequence: number;
  /** From 1. */
  readonly attempt: number;
  /**
   * As it was built at first, so that a resend is the same command; null for a local step, and until it could be built.
   */
  readonly payload: unknown;
  /** sent: a reply is due. pausing: it is sent at `until`. parked: an operator must act (a late reply counts still). */
  readonly state: 'sent' | 'pausing' | 'parked';
  /** Milliseconds since the epoch, by the sagas' clock; null when parked. */
  readonly until: number | null;
  /** Set where `until` is the deadline of the whole saga, which comes before this command's own. */
  readonly atSagaDeadline?: true | undefined;
  /** False while no queue has taken it: then it cannot have had an effect. */
  readonly mayHaveArrived: boolean;
}

/** What is known of a step's action. unknown: it may have happened, and is undone as if it had. */
export interface ActionRecord {
  readonly sequence: number;
  readonly state: 'unknown' | 'succeeded' | 'without-effect' | 'undone';
}

/**
 * What went wrong, and when: milliseconds since the epoch, by the sagas' clock; what was saved before the time was
 * noted has none.
 */
export type LastError = SagaFailure & { readonly at?: number };

export interface SagaInstance {
  readonly id: string;
  readonly sagaName: string;
  readonly definitionVersion: number;
  /** Of the steps that it was started with; null for what was started before these were noted. */
  readonly fingerprint: string | null;
  readonly status: SagaStatus;
  readonly data: unknown;
  /** The last sequence that a command of this instance got; 0 at first. */
  readonly sequence: number;
  readonly awaited: AwaitedCommand | null;
  /** By step index; a step not yet begun has no entry. */
  readonly actions: readonly ActionRecord[];
  /** Why it is being compensated. */
  readonly failure: SagaFailure | null;
  /** The last thing that went wrong, also when it was overcome. */
  readonly lastError: LastError | null;
  readonly traceparent: string | null;
  /** Milliseconds since the epoch, by the sagas' clock; null until it has begun. */
  readonly startedAt: number | null;
  /** Counts the inputs; every save is fenced by it. */
  readonly version: number;
}

/** @returns an instance that has not begun. */
export function newInstance(
  definition: SagaDefinition,
  id: string,
  data: unknown,
  traceparent: string | null,
): SagaInstance {
  return {
    id,
    sagaName: definition.name,
    definitionVersion: definition.version,
    fingerprint: definition.fingerprint,
    status: 'running',
    data,
    sequence: 0,
    awaited: null,
    actions: [],
    failure: null,
    lastError: null,
    traceparent,
    startedAt: null,
    version: 0,
  };
}

/** @returns whether an instance was started with this definition, and can be run by it */
export function isInstanceOf(
  { name, version, fingerprint }: Pick<SagaDefinition, 'name' | 'version' | 'fingerprint'>,
  instance: Pick<SagaInstance, 'sagaName' | 'definitionVersion' | 'fingerprint'>,
): boolean {
  const isOfVersion = name === instance.sagaName && version === instance.definitionVersion;
  return isOfVersion && (instance.fingerprint === null || instance.fingerprint === fingerprint);
}

/** @returns the identity of the awaited command, or null. */
export function awaitedCommandId(instance: SagaInstance): string | null {
  return instance.awaited && commandIdOf(instance.id, instance.awaited.sequence);
}

/** @returns whether nothing will happen any more. */
export const hasEnded = (status: SagaStatus): boolean => status === 'completed' || status === 'compensated';

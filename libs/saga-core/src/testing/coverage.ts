/** What schedules went through: a simulation in which something never happened has said nothing about it. */
import { HISTORY_TYPES, type HistoryType } from '../engine/history.js';
import { SAGA_STATUSES, type SagaStatus } from '../engine/instance.js';
import { FAULT_KINDS, type FaultKind } from './faults.js';
import type { RunResult } from './plan.js';

export interface Coverage {
  /** How often each kind of fault happened. */
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** How often each thing stands in a history. */
  readonly history: Readonly<Record<HistoryType, number>>;
  /** How many sagas were seen in each status, when things ceased to go wrong and at the end. */
  readonly statuses: Readonly<Record<SagaStatus, number>>;
  /** What was taken first when a reply came in the millisecond of its deadline. */
  readonly ties: Readonly<Record<'reply' | 'timeout', number>>;
  /** Messages that were dead-lettered because processes died over them. */
  readonly deadLetters: number;
}

export class CoverageCount implements Coverage {
  readonly faults = zeros(FAULT_KINDS);
  readonly history = zeros(HISTORY_TYPES);
  readonly statuses = zeros(SAGA_STATUSES);
  readonly ties = zeros(['reply', 'timeout'] as const);
  deadLetters = 0;

  add({ faults, sagas, midway, ties, deadLetters }: RunResult): void {
    for (const { kind } of faults) this.faults[kind]++;
    for (const status of midway) this.statuses[status]++;
    for (const tie of ties) this.ties[tie]++;
    for (const { instance, history } of sagas) {
      this.statuses[instance.status]++;
      for (const { entries } of history) for (const { type } of entries) this.history[type]++;
    }
    this.deadLetters += deadLetters.length;
  }
}

/** @returns what never happened, a line each; empty when everything did */
export function neverHappened(coverage: Coverage): string[] {
  return (['faults', 'history', 'statuses', 'ties'] as const).flatMap((what) =>
    Object.entries(coverage[what])
      .filter(([, times]) => times === 0)
      .map(([name]) => `${what}: ${name}`),
  );
}

const zeros = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;

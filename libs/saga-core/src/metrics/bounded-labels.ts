/**
 * Invariant kept here: no text of a stranger becomes the value of a label, for each value is a series that lives as
 * long as its process. A value is one that this process has declared, or `other`.
 */
import { isRemote, nameOf } from '../definition/step.js';
import { DEAD_LETTER_CAUSES, FAILURE_CODES, SAGA_ERROR_CODES } from '../errors.js';
import type { ObservedSaga } from '../orchestrator/saga-observer.js';

const OTHER = 'other';

const CODES: ReadonlySet<string> = new Set([...SAGA_ERROR_CODES, ...FAILURE_CODES, ...DEAD_LETTER_CAUSES]);

/** @returns a value that was declared; `other` for any other */
export const boundedName = (name: string, declared: { has(name: string): boolean }): string =>
  declared.has(name) ? name : OTHER;

/** @returns a code of docs/errors.md; `other` for any other */
export const boundedCode = (code: string): string => boundedName(code, CODES);

/** The names of sagas and steps, and the codes with which each step may be refused. */
export class SagaLabels {
  private readonly codes = new Map<string, Map<string, ReadonlySet<string>>>();

  /** Adds what definitions declare; the versions of a saga go together. */
  add(sagas: readonly ObservedSaga[]): void {
    for (const { name, steps } of sagas) {
      const known = this.codes.get(name) ?? new Map<string, ReadonlySet<string>>();
      this.codes.set(name, known);
      for (const command of steps.flatMap(({ action, undo }) => (undo ? [action, undo] : [action]))) {
        const refusals = isRemote(command) ? Object.keys(command.command.refusals) : [];
        known.set(nameOf(command), new Set([...(known.get(nameOf(command)) ?? []), ...refusals]));
      }
    }
  }

  /** @returns labels for an entry of a saga's history; a part that it does not have is empty */
  of(sagaName: string, stepName = '', failureCode = ''): { saga: string; step: string; code: string } {
    const steps = this.codes.get(sagaName);
    const saga = boundedName(sagaName, this.codes);
    const step = stepName && boundedName(stepName, steps ?? new Map());
    const code = steps?.get(stepName)?.has(failureCode) ? failureCode : failureCode && boundedCode(failureCode);
    return { saga, step, code };
  }
}

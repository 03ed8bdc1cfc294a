/** A saga in a list. */
import { lastErrorView, type ListedSaga } from 'saga-core/admin';
import type { SagaSummary } from './schemas/index.js';
import { truncate, truncateText } from './truncate.js';

/** Of an error's message; the saga itself shows it whole. */
const MAX_MESSAGE_CHARS = 500;

const iso = (ms: number): string => new Date(ms).toISOString();

/** @returns the summary of a listed saga. */
export function summaryOf({ instance, createdAt, updatedAt, endedAt, ageMs }: ListedSaga): SagaSummary {
  const { awaited } = instance;
  const lastError = lastErrorView(instance);
  return {
    id: instance.id,
    saga: instance.sagaName,
    definitionVersion: instance.definitionVersion,
    version: instance.version,
    status: instance.status,
    step: awaited?.name ?? null,
    direction: awaited?.direction ?? null,
    attempt: awaited?.attempt ?? 0,
    state: awaited?.state ?? null,
    until: awaited?.until == null ? null : iso(awaited.until),
    ageMs,
    startedAt: iso(createdAt),
    updatedAt: iso(updatedAt),
    endedAt: endedAt === null ? null : iso(endedAt),
    lastError: lastError && { ...lastError, message: truncateText(lastError.message, MAX_MESSAGE_CHARS) },
    data: truncate(instance.data),
  };
}

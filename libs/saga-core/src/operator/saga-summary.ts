/** A saga in a list. */
import { lastErrorView } from '../orchestrator/saga-view.js';
import type { ListedSaga } from '../store/saga-listing.js';
import { abridged } from '../text.js';
import type { SagaSummary } from './schemas/index.js';

const MOST_TEXT = 200;
const MOST_ITEMS = 10;
const MOST_LEVELS = 5;

const iso = (ms: number): string => new Date(ms).toISOString();

/** @returns the summary of a listed saga. */
export function summaryOf({ instance, createdAt, updatedAt, endedAt, ageMs }: ListedSaga): SagaSummary {
  const { awaited } = instance;
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
    lastError: lastErrorView(instance),
    data: shortened(instance.data, MOST_LEVELS),
  };
}

function shortened(value: unknown, levels: number): unknown {
  if (typeof value === 'string') return abridged(value, MOST_TEXT);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return '…';
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => shortened(item, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shortened(item, levels - 1)]));
}

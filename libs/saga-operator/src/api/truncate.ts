/** Values that others made, cut to what a list can show. An ellipsis stands where something was left out. */
import { abridged } from 'saga-core/admin';

export interface TruncateLimits {
  readonly text: number;
  /** Items of a list, and members of an object. */
  readonly items: number;
  readonly levels: number;
}
const DEFAULT_LIMITS: TruncateLimits = { text: 200, items: 10, levels: 5 };

/** @returns the text, of at most so many characters */
export const truncateText = (text: string, maxChars = DEFAULT_LIMITS.text): string => abridged(text, maxChars);

/** @returns the value without what is too long, too many or too deep. */
export function truncate(value: unknown, limits: TruncateLimits = DEFAULT_LIMITS): unknown {
  const { text, items, levels } = limits;
  if (typeof value === 'string') return truncateText(value, text);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return '…';
  const inner = { ...limits, levels: levels - 1 };
  if (Array.isArray(value)) {
    const shown = value.slice(0, items).map((item) => truncate(item, inner));
    return value.length > items ? [...shown, `… ${value.length - items} more`] : shown;
  }
  const members = Object.entries(value);
  const shown = members
    .slice(0, items * 3)
    .map(([key, item]) => [truncateText(key, text), truncate(item, inner)] as const);
  const left = members.length - shown.length;
  return Object.fromEntries(left > 0 ? [...shown, ['…', `${left} more`]] : shown);
}

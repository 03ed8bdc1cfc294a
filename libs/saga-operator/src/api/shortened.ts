/** Values that others made, as lists show them: each part is bounded, and says by … where something was left out. */

export interface Bounds {
  readonly text: number;
  /** Items of a list, and members of an object. */
  readonly items: number;
  readonly levels: number;
}
const USUAL: Bounds = { text: 200, items: 10, levels: 5 };

/** @returns text of at most so many characters. */
export const shortText = (text: string, most = USUAL.text): string =>
  text.length > most ? `${text.slice(0, most - 1).toWellFormed()}…` : text;

/** @returns the value without what is too long, too many or too deep. */
export function shortened(value: unknown, bounds: Bounds = USUAL): unknown {
  const { text, items, levels } = bounds;
  if (typeof value === 'string') return shortText(value, text);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return '…';
  const inner = { ...bounds, levels: levels - 1 };
  if (Array.isArray(value)) {
    const shown = value.slice(0, items).map((item) => shortened(item, inner));
    return value.length > items ? [...shown, `… ${value.length - items} more`] : shown;
  }
  const members = Object.entries(value);
  const shown = members
    .slice(0, items * 3)
    .map(([key, item]) => [shortText(key, text), shortened(item, inner)] as const);
  const left = members.length - shown.length;
  return Object.fromEntries(left > 0 ? [...shown, ['…', `${left} more`]] : shown);
}

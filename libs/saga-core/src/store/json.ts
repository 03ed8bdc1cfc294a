/**
 * PostgreSQL cannot store two things that JSON and JavaScript's texts have: the character NUL, and half a surrogate
 * pair. They become U+FFFD, so that no text from outside can block a save. All that is stored passes here.
 */
import { storableText } from '../contract/as-saved.js';

const SUSPICIOUS = /\\u0000|\\ud[89a-f]/i;

/** @returns JSON that PostgreSQL takes, as json and as jsonb. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  return SUSPICIOUS.test(json) ? JSON.stringify(value, storable) : json;
}

function storable(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), item as unknown]));
}
/** @returns text that PostgreSQL takes. */
export const toText = (text: string): string => (isStorable(text) ? text : storableText(text));

/** @returns whether PostgreSQL takes a text as it is. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

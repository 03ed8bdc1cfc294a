/** Invariant kept here: no text of a stranger becomes the value of a label, for each value is a series that lives as long as the process. */
import { DEAD_LETTER_CAUSES, FAILURE_CODES, SAGA_ERROR_CODES } from '../errors.js';

/** What a value is called that nobody has declared. */
export const OTHER = 'other';

const CODES: ReadonlySet<string> = new Set([...SAGA_ERROR_CODES, ...FAILURE_CODES, ...DEAD_LETTER_CAUSES]);

/** @returns a code of docs/errors.md, or one of those declared; `other` for any other */
export const boundedCode = (code: string, declared?: ReadonlySet<string>): string =>
  CODES.has(code) || declared?.has(code) ? code : OTHER;

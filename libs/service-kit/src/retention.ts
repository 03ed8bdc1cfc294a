/** Settings that say how long rows are kept. */
import { Type, type TNumber } from '@sinclair/typebox';
import { DAY_MS } from 'saga-core';

const HUNDRED_YEARS = 36_500;

/**
 * @param what - what is kept, for messages about a wrong value: "the days for which … is kept"
 * @param defaultMs - milliseconds
 * @returns the schema of a setting in days, with 0 for ever
 */
export const retentionSetting = (what: string, defaultMs: number): TNumber =>
  Type.Number({
    default: defaultMs / DAY_MS,
    minimum: 0,
    maximum: HUNDRED_YEARS,
    description: `the days for which ${what} is kept, with 0 for ever`,
  });

/** @returns milliseconds, or null for ever */
export const retentionMs = (days: number): number | null => (days === 0 ? null : days * DAY_MS);

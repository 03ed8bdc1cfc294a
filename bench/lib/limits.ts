import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measurement } from './measure.js';
import { COMMANDS } from './saga.js';

const FILE = path.join(path.dirname(fileURLToPath(import.meta.url)), '../limits.json');

type Counted = 'statements' | 'transactions' | 'messages';
/** A saga may cost a fixed part, and a part for each command that it sends. */
type Limits = Readonly<Record<Counted, { readonly perSaga: number; readonly perCommand: number }>>;

/** What one saga costs beside what it may cost. */
export interface Comparison {
  readonly what: string;
  readonly is: number;
  readonly limit: number;
  readonly isExceeded: boolean;
}

/** @returns statements, transactions and messages beside what limits.json allows */
export function compareWithLimits(measured: Pick<Measurement, Counted>): Comparison[] {
  const limits = JSON.parse(fs.readFileSync(FILE, 'utf8')) as Limits;
  return Object.entries(limits).map(([what, { perSaga, perCommand }]) => {
    const limit = perSaga + perCommand * COMMANDS.length;
    const is = measured[what as Counted];
    return { what, is, limit, isExceeded: is > limit };
  });
}

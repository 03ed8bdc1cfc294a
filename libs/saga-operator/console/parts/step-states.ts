/** The states of a step, as marks and in words. */
import type { SagaDetail } from '../../src/api/schemas/index.js';
import { humanize } from '../lib/format.js';

export type Step = SagaDetail['steps'][number];

export const MARKS: Readonly<Record<Step['state'], string>> = {
  done: '✓',
  current: '▶',
  remaining: '○',
  'without-effect': '✕',
  unknown: '?',
  undoing: '↩',
  compensated: '↩',
  'not-reached': '–',
  skipped: '»',
};

/** @returns the state of a step in words. */
export const stateOf = ({ state }: Step): string => (state === 'without-effect' ? 'no effect' : humanize(state));

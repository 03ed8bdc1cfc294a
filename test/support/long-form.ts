/**
 * Whether fault tests run in their long form: each fault alone, and those that wait for long. So it is with `npm run
 * test:faults`, which sets FAULT_ROUNDS; `npm run test:faults:short` has the short one.
 */
export const LONG_FORM = process.env.FAULT_ROUNDS !== undefined;

/** A test that the short form leaves out. */
export const testInLongForm = (name: string, run: () => Promise<void>, timeoutMs: number): void => {
  if (LONG_FORM) test(name, run, timeoutMs);
};

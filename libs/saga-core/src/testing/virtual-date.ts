/**
 * Date as processes of a simulation see it. Handlers that ask for the time get the virtual one, and a run repeats
 * exactly.
 */

/**
 * Replaces the global Date while work runs.
 *
 * @param now - milliseconds since the epoch, by the clock of the process that is asking
 */
export async function withVirtualDate<Result>(now: () => number, work: () => Promise<Result>): Promise<Result> {
  const Real = globalThis.Date;
  class VirtualDate extends Real {
    constructor(...given: [] | [number | string | Date]) {
      super(...((given.length === 0 ? [now()] : given) as [number]));
    }
    static override now(): number {
      return now();
    }
  }
  globalThis.Date = VirtualDate as DateConstructor;
  try {
    return await work();
  } finally {
    globalThis.Date = Real;
  }
}

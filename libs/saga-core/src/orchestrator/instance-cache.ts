/**
 * Instances as this process saved them last, so that the next reply needs no reading and no lock. It may be wrong at
 * any time, when another process has saved an instance since: what is saved from here is fenced by the version, and
 * read anew when that fails.
 */
import { hasEnded, type SagaInstance } from '../engine/instance.js';
import { CONSTANTS } from '../settings.js';

interface Saved {
  readonly instance: SagaInstance;
  readonly at: number;
}

export class InstanceCache {
  private readonly known = new Map<string, Saved>();

  get(id: string): SagaInstance | undefined {
    return this.known.get(id)?.instance;
  }

  /** Remembers instances that were saved, and forgets those that have ended. The ones saved longest ago give way. */
  saved(instances: Iterable<SagaInstance>): void {
    const at = performance.now();
    for (const instance of instances) {
      const before = this.get(instance.id);
      if (before && before.version > instance.version) continue;
      this.known.delete(instance.id);
      if (!hasEnded(instance.status)) this.known.set(instance.id, { instance, at });
    }
    for (const id of this.known.keys()) {
      if (this.known.size <= CONSTANTS.maxCachedInstances) break;
      this.known.delete(id);
    }
  }

  /**
   * @returns how many that have not ended were saved in the last `withinMs` milliseconds, and not since: those that
   *   another process saved since are among them
   */
  countSaved(withinMs: number): number {
    const since = performance.now() - withinMs;
    let count = 0;
    for (const { at } of this.known.values()) if (at >= since) count++;
    return count;
  }

  forget(ids: Iterable<string>): void {
    for (const id of ids) this.known.delete(id);
  }
}

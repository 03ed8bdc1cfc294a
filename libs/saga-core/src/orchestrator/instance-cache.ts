/**
 * Instances as this process saved them last, so that the next reply needs no reading and no lock. It may be wrong at any time, when another process has
 * saved an instance since: what is saved from here is fenced by the version, and read anew when that fails.
 */
import { hasEnded, type SagaInstance } from '../engine/instance.js';
import { DEFAULTS } from '../settings.js';

export class InstanceCache {
  private readonly instances = new Map<string, SagaInstance>();

  get(id: string): SagaInstance | undefined {
    return this.instances.get(id);
  }

  /** Remembers instances that were saved, and forgets those that have ended. The ones saved longest ago give way. */
  saved(instances: Iterable<SagaInstance>): void {
    for (const instance of instances) {
      const known = this.instances.get(instance.id);
      if (known && known.version > instance.version) continue;
      this.instances.delete(instance.id);
      if (!hasEnded(instance.status)) this.instances.set(instance.id, instance);
    }
    for (const id of this.instances.keys()) {
      if (this.instances.size <= DEFAULTS.cachedInstances) break;
      this.instances.delete(id);
    }
  }

  forget(ids: Iterable<string>): void {
    for (const id of ids) this.instances.delete(id);
  }
}

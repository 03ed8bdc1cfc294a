/**
 * Chance by name. Each draw depends on the seed, on its name and on how often that name was drawn before, and on
 * nothing else: a run with one fault less draws the same everywhere that this fault does not reach. With one stream of
 * numbers for all, it would be another run.
 */
import { Random } from './random.js';

export class Chance {
  private readonly seed: number;
  private readonly drawn = new Map<string, number>();

  constructor(seed: number) {
    this.seed = seed;
  }

  /** @returns a source of chance for this draw, and the draw's own name */
  draw(name: string): { readonly key: string; readonly random: Random } {
    const times = (this.drawn.get(name) ?? 0) + 1;
    this.drawn.set(name, times);
    const key = times === 1 ? name : `${name} (${times})`;
    return { key, random: new Random(mix(this.seed, hashOf(name), times)) };
  }

  /** @returns a number from 0 up to 1 */
  next(name: string): number {
    return this.draw(name).random.next();
  }

  /** @returns a whole number from 0 up to `below` */
  below(name: string, below: number): number {
    return this.draw(name).random.below(below);
  }

  /** @returns one of the items. @throws when there is none */
  pick<Item>(name: string, items: readonly Item[]): Item {
    return this.draw(name).random.pick(items);
  }
}

/** {@link Random} stirs it further. */
const mix = (seed: number, name: number, times: number): number =>
  Math.imul(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ name, 0xc2b2ae35) + Math.imul(times, 0x27d4eb2f);

/** Schedules have most names in common. */
const hashes = new Map<string, number>();
const MOST_HASHES = 100_000;

function hashOf(name: string): number {
  const known = hashes.get(name);
  if (known !== undefined) return known;
  // FNV-1a
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  if (hashes.size >= MOST_HASHES) hashes.clear();
  hashes.set(name, hash);
  return hash;
}

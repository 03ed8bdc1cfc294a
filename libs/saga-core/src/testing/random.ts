/** Chance from a seed: the same seed gives the same run, on every machine. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** @returns a number from 0 up to 1 (mulberry32) */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** @returns a whole number from 0 up to `below` */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** @returns one of the items. @throws when there is none */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError('There is nothing to pick from');
    return items[this.below(items.length)]!;
  }

  /** @returns a UUID whose order is that of `number`, so that runs do not depend on the machine */
  static uuid(number: number): string {
    return `018f0000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
  }
}

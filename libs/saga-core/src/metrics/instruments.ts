/** prom-client's instruments, made in one registry. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface Instruments {
  /** @returns a counter; its name ends in `_total` */
  readonly counter: <Label extends string>(name: string, help: string, labelNames: readonly Label[]) => Counter<Label>;
  /** @returns a histogram, of seconds unless its name says otherwise */
  readonly histogram: <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: readonly number[],
  ) => Histogram<Label>;
  /** Adds a gauge that is filled in when somebody looks. */
  readonly gauge: <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    fill: (gauge: Gauge<Label>) => void | Promise<void>,
  ) => void;
}

/** @param registry - takes each name once */
export function instrumentsIn(registry: Registry): Instruments {
  const registers = [registry];
  return {
    counter: (name, help, labels) => new Counter({ name, help, labelNames: [...labels], registers }),
    histogram: (name, help, labels, buckets) =>
      new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers }),
    gauge: (name, help, labels, fill) =>
      void new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        collect() {
          return fill(this);
        },
      }),
  };
}

import { parseArgs } from 'node:util';

/** Scenarios of orders that are placed so many at a time, and those that do more. */
export const SCENARIOS = ['one', 'hundred', 'thousand', 'refusals', 'memory', 'growth', 'orchestrators'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

/** What `npm run bench -- --help` says. */
export const HELP = `npm run bench -- [options]

Measures the system as deployed against the floor: bare amqplib and pg with the same messages and commits. Takes about
half an hour.

  --only <name,…>   of the scenarios: ${SCENARIOS.join(', ')}
  --repeat <n>      how often each is measured, in turns with the floor (3)
  --scale <factor>  of the numbers of orders (1)
  --small           one order at a time, briefly, and compares statements, transactions and messages per saga with
                    bench/limits.json: exit code 1 when there are more
  --json <file>     writes all figures
  --force           reports also what other processes have disturbed
`;

/** What the command line asks for. */
export interface Options {
  readonly only: readonly ScenarioName[];
  readonly repeat: number;
  readonly scale: number;
  readonly small: boolean;
  readonly json?: string | undefined;
  readonly force: boolean;
  readonly help: boolean;
}

/** @throws {TypeError} for what it does not know */
export function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: SCENARIOS.join(',') },
      repeat: { type: 'string', default: '3' },
      scale: { type: 'string', default: '1' },
      small: { type: 'boolean', default: false },
      json: { type: 'string' },
      force: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    ...values,
    only: values.only.split(',').map(scenarioNamed),
    repeat: positive('--repeat', values.repeat),
    scale: positive('--scale', values.scale),
  };
}

function scenarioNamed(name: string): ScenarioName {
  const known = SCENARIOS.find((each) => each === name);
  if (!known) throw new TypeError(`There is no scenario "${name}"`);
  return known;
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new TypeError(`${option} must be a number above 0, and is "${text}"`);
  return value;
}

/**
 * What keeps deployments apart in time from breaking each other: messages that were written before a change are read
 * after it, and the other way round. A contract is recorded once it is used; what it becomes later is compared with
 * each record.
 */
import type { CommandContract } from '../contract/command.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import { exampleOf } from './example.js';

/** Of JSON Schema, what this looks at. */
interface Shape {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly [keyword: string]: unknown;
}

/** A contract as it was when it was recorded, with a message of each kind. */
export interface ContractRecord {
  readonly task: string;
  /** Counts the changes, from 1. */
  readonly version: number;
  readonly messages: { readonly payload: unknown; readonly reply: unknown };
  readonly schemas: { readonly payload: Shape; readonly reply: Shape };
  readonly refusals: readonly string[];
}

/**
 * @returns what is to be kept of a contract, with golden messages made of its examples.
 * @throws {SagaError} INVALID_CONTRACT for fields without examples
 */
export function recordOf(contract: CommandContract, version: number): ContractRecord {
  const { task, payload, reply, refusals } = contract;
  return {
    task,
    version,
    messages: { payload: exampleOf(`${task}, payload`, payload), reply: exampleOf(`${task}, reply`, reply) },
    schemas: { payload: shapeOf(payload), reply: shapeOf(reply) },
    refusals: Object.keys(refusals).sort(),
  };
}

/** @returns whether a contract is still what a record says, but for descriptions and examples */
export function isRecordedBy(contract: CommandContract, record: ContractRecord): boolean {
  const { schemas, refusals } = recordOf(contract, record.version);
  return JSON.stringify([schemas, refusals]) === JSON.stringify([record.schemas, record.refusals]);
}

/** @returns what in a contract breaks messages of a record, or readers of that time: a sentence each */
export function breaksOf(contract: CommandContract, record: ContractRecord): string[] {
  const parts = ['payload', 'reply'] as const;
  return parts.flatMap((part) => {
    const golden = problemsOf(contract[part], record.messages[part]);
    return [
      ...(golden.length > 0
        ? [`the ${part} of version ${record.version} is refused: ${describeProblems(golden)}`]
        : []),
      ...changesOf(part, record.schemas[part], shapeOf(contract[part])),
    ];
  });
}

/** @returns what to do instead of a change that breaks */
export function adviceFor(task: string): string {
  return (
    `Messages and processes of before are still there when this is deployed. Leave ${task} as it is; define "${task}_v2" beside it, let the participant handle both, ` +
    `and raise the version of the sagas that send it (docs/compatible-change.md).`
  );
}

/** What people read may change at any time. A field may have such a name, too: then it is an object. */
const isForPeople = (key: string, value: unknown): boolean =>
  key === 'examples' || (['description', 'title', '$id'].includes(key) && typeof value === 'string');

function shapeOf(schema: unknown): Shape {
  const text = JSON.stringify(schema, (key, value: unknown) => (isForPeople(key, value) ? undefined : value));
  return JSON.parse(text) as Shape;
}

function changesOf(place: string, was: Shape, is: Shape): string[] {
  const { properties: fieldsWere = {}, required: neededWere = [], items: itemsWere, ...restWas } = was;
  const { properties: fields = {}, required: needed = [], items, ...rest } = is;
  const changes: string[] = [];
  if (JSON.stringify(restWas) !== JSON.stringify(rest))
    changes.push(`${place} was ${JSON.stringify(restWas)} and is ${JSON.stringify(rest)}`);
  if (itemsWere && items) changes.push(...changesOf(`${place}[]`, itemsWere, items));
  else if (itemsWere ?? items) changes.push(`${place} has other items`);
  for (const [name, fieldWas] of Object.entries(fieldsWere)) {
    const field = fields[name];
    if (field) changes.push(...changesOf(`${place}.${name}`, fieldWas, field));
    else if (neededWere.includes(name)) changes.push(`${place}.${name} is gone, and readers of before need it`);
  }
  for (const name of Object.keys(fields)) {
    const isNew = !(name in fieldsWere);
    if (needed.includes(name) && !neededWere.includes(name))
      changes.push(
        `${place}.${name} is ${isNew ? 'new and required' : 'now required'}, and writers of before do not send it`,
      );
    else if (!isNew && neededWere.includes(name) && !needed.includes(name))
      changes.push(`${place}.${name} is now optional, and readers of before need it`);
  }
  return changes;
}

/**
 * Records of contracts and of the steps of sagas, and of what they were before: messages and instances of any of these
 * times may still be alive. A record is written once and never changed.
 */
import fs from 'node:fs';
import path from 'node:path';
import { serviceContracts } from 'messages';
import { format, resolveConfig } from 'prettier';
import { shapeProblems, shapeRecordOf, type ShapeRecord } from 'saga-core';
import type { CommandContract } from 'saga-core';
import { adviceFor, breaksOf, isRecordedBy, recordOf, type ContractRecord } from 'saga-core/asyncapi';
import { createOrderSagas } from '../../../apps/order-service/src/create-order-saga/create-order-saga.js';
import type { GeneratedFile } from './generated-file.js';
import { root } from '../paths.js';

export interface Records {
  /** What does not agree with its record: a sentence each that says what to do. */
  readonly problems: readonly string[];
  /** The records that are missing. */
  readonly files: readonly GeneratedFile[];
}

/** @returns the record that is missing of each contract, and the contracts that messages of before do not survive */
export async function contractRecords(): Promise<Records> {
  const folder = path.join(root, 'libs/messages/golden');
  const all = recordsIn<ContractRecord>(folder);
  const problems: string[] = [];
  const missing: ContractRecord[] = [];
  for (const contract of serviceContracts.flatMap(({ commands }) => Object.values<CommandContract>(commands))) {
    const { task } = contract;
    const records = all.filter((record) => record.task === task).sort((a, b) => a.version - b.version);
    const breaks = records.flatMap((record) => breaksOf(contract, record));
    if (breaks.length > 0) problems.push(`${task} has changed: ${breaks.join('; ')}.\n${adviceFor(task)}`);
    const newest = records.at(-1);
    if (!newest || !isRecordedBy(contract, newest)) missing.push(recordOf(contract, (newest?.version ?? 0) + 1));
  }
  return { problems, files: await Promise.all(missing.map((record) => recordFile(folder, record.task, record))) };
}

/** @returns the record of the newest version of the saga, if it is missing, and what differs from the others */
export async function shapeRecords(): Promise<Records> {
  const folder = path.join(root, 'apps/order-service/golden');
  const records = recordsIn<ShapeRecord>(folder);
  const missing = createOrderSagas
    .filter(({ version }) => !records.some((record) => record.version === version))
    .map((saga) => shapeRecordOf(saga));
  return {
    problems: shapeProblems(createOrderSagas, records),
    files: await Promise.all(missing.map((record) => recordFile(folder, record.name, record))),
  };
}

function recordsIn<Record>(folder: string): Record[] {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .map((name) => JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) as Record);
}

async function recordFile(folder: string, name: string, record: { readonly version: number }): Promise<GeneratedFile> {
  const file = path.join(folder, `${name}.${record.version}.json`);
  const text = await format(JSON.stringify(record), { ...(await resolveConfig(file)), filepath: file });
  return { file, text };
}

/** Records of each contract, and of what it was before: messages of any of these times may still be on their way. */
import fs from 'node:fs';
import path from 'node:path';
import type { CommandContract } from 'saga-core';
import { accountingService, consumerService, restaurantService } from 'messages';
import { adviceFor, breaksOf, isRecordedBy, recordOf, type ContractRecord } from 'saga-core/asyncapi';
import { root } from '../paths.js';
import type { GeneratedFile } from './documents.js';

const folder = path.join(root, 'libs/messages/golden');

/**
 * @returns the record that is missing of each contract
 * @throws when a contract has changed in a way that messages of before, or readers of before, do not survive
 */
export function goldenRecords(): GeneratedFile[] {
  const services = [accountingService, consumerService, restaurantService];
  const contracts = services.flatMap(({ commands }) => Object.values<CommandContract>(commands));
  return contracts.flatMap((contract) => {
    const { task } = contract;
    const records = recordsOf(task);
    const breaks = records.flatMap((record) => breaksOf(contract, record));
    if (breaks.length > 0) throw new Error(`${task} has changed: ${breaks.join('; ')}.\n${adviceFor(task)}`);
    const newest = records.at(-1);
    if (newest && isRecordedBy(contract, newest)) return [];
    const record = recordOf(contract, (newest?.version ?? 0) + 1);
    return [{ file: fileOf(task, record.version), text: `${JSON.stringify(record, null, 2)}\n` }];
  });
}

const fileOf = (task: string, version: number): string => path.join(folder, `${task}.${version}.json`);

function recordsOf(task: string): ContractRecord[] {
  const records: ContractRecord[] = [];
  for (let version = 1; fs.existsSync(fileOf(task, version)); version++)
    records.push(JSON.parse(fs.readFileSync(fileOf(task, version), 'utf8')) as ContractRecord);
  return records;
}

import { readFileSync } from 'node:fs';
import type { ServiceProcess } from './service-process.js';

/** @returns how much memory a service holds, in MiB */
export function memoryOf({ pid }: ServiceProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

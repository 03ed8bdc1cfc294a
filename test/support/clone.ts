/** A copy of the project, which starts what it starts in a folder of its own. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { identify } from '../../scripts/lib/process-identity.js';

const PARTS = [
  'apps',
  'bench',
  'libs',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.base.json',
];

/** @returns its root; the npm packages, and what was compiled of this project's libraries, are shared */
export function cloneProject(root: string): string {
  mkdirSync(root);
  for (const part of PARTS)
    cpSync(part, join(root, part), {
      recursive: true,
      preserveTimestamps: true,
      filter: (source) => basename(source) !== 'node_modules',
    });
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  return root;
}

/** @returns whether a process has this id; one that has ended and is not reaped has none */
export const isRunning = (pid: number): boolean => identify(pid) !== undefined;

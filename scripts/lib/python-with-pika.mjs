import { run } from './command.mjs';

/** Debian's package belongs to Debian's Python, which need not be the first in the PATH. */
const PYTHONS = ['/usr/bin/python3', 'python3'];

/** What a person can do when there is none. */
export const NO_PIKA = 'Python 3 with pika is needed: "apt-get install python3-pika", or "pip install pika"';

/** @returns {Promise<string | undefined>} a Python 3 that can import pika */
export async function findPythonWithPika() {
  for (const python of PYTHONS)
    if ((await run(python, ['-c', 'import pika, sqlite3'], { timeoutMs: 20_000 })).code === 0) return python;
  return undefined;
}

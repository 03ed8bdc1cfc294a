import fs from 'node:fs';
import path from 'node:path';

/** Writes JSON so that a reader finds either the old file or the new one, never half of it. Only the owner can read it: it may hold passwords. */
export function writeJsonAtomically(file, value) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(temporary, file);
}

/** The value in a JSON file, or undefined when there is none or it cannot be understood. */
export function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

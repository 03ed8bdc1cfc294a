import fs from 'node:fs';
import path from 'node:path';

/**
 * Writes JSON so that a reader finds either the old file or the new one, never half of it. Only the owner can read it:
 * it may hold passwords.
 */
export function writeJson(file: string, value: unknown): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(temporary, file);
}

/** @returns the value in a JSON file; undefined when there is no such file, or it is no JSON */
export function readJson<Value>(file: string): Value | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as Value;
  } catch {
    return undefined;
  }
}

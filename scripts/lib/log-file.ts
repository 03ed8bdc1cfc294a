import fs from 'node:fs';
import path from 'node:path';

const LARGEST = 64 * 1024 * 1024;

/** Opens a log file for appending. What an earlier run wrote moves to `<file>.1`, so that a log begins with its run. */
export function openLogFile(file: string, { keep = false } = {}): number {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  if (!keep && fs.existsSync(file)) fs.renameSync(file, `${file}.1`);
  // Orders stand in it, and whatever a server tells of itself.
  return fs.openSync(file, 'a', 0o600);
}

/** @returns the last lines of a text, indented, for a message about a failure */
export function tail(text: string, count = 15): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
}

/** @returns the end of a log file, up to 64 KiB; nothing when there is no such file */
export function endOf(file: string): string {
  try {
    return fs
      .readFileSync(file)
      .subarray(-64 * 1024)
      .toString('utf8');
  } catch {
    return '';
  }
}

/**
 * Keeps the logs in a folder from filling the disk. The writers hold the files open, so a large one is copied to
 * `<file>.1` and emptied.
 * @returns a function that stops it
 */
export function limitLogFiles(folder: string, { everyMs = 60_000, largest = LARGEST } = {}): () => void {
  const limitAll = (): void => {
    for (const name of fs.readdirSync(folder).filter((entry) => entry.endsWith('.log'))) {
      const file = path.join(folder, name);
      if (fs.statSync(file).size < largest) continue;
      try {
        fs.copyFileSync(file, `${file}.1`);
      } catch {
        fs.rmSync(`${file}.1`, { force: true }); // a disk too full for the copy needs the room
      }
      fs.truncateSync(file);
    }
  };
  const timer = setInterval(() => {
    try {
      limitAll();
    } catch {
      // Somebody has removed the folder or a file. The writers go on, and so does this.
    }
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

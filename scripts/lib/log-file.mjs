import fs from 'node:fs';
import path from 'node:path';

const LARGEST = 64 * 1024 * 1024;

/** Opens a log file for appending. What an earlier run wrote moves to `<file>.1`, so that a log begins with its run. */
export function openLogFile(file, { keep = false } = {}) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  if (!keep && fs.existsSync(file)) fs.renameSync(file, `${file}.1`);
  return fs.openSync(file, 'a');
}

/** The last lines of a file, cheap for large ones; an empty array when there is no such file. */
export function lastLines(file, count = 20) {
  try {
    const descriptor = fs.openSync(file, 'r');
    try {
      const { size } = fs.fstatSync(descriptor);
      const buffer = Buffer.alloc(Math.min(size, 64 * 1024));
      fs.readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
      return buffer
        .toString('utf8')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .slice(-count);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    return [];
  }
}

/**
 * Keeps the logs in a folder from filling the disk. The writers hold the files open, so a large one is copied to `<file>.1` and emptied.
 * @returns {() => void} stops watching
 */
export function limitLogFiles(folder, { everyMs = 60_000, largest = LARGEST } = {}) {
  const timer = setInterval(() => {
    for (const name of logsIn(folder)) limit(path.join(folder, name), largest);
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Somebody may have removed the folder: the writers go on, and a log that is opened later makes it again. */
function logsIn(folder) {
  try {
    return fs.readdirSync(folder).filter((entry) => entry.endsWith('.log'));
  } catch {
    return [];
  }
}

function limit(file, largest) {
  try {
    if (fs.statSync(file).size < largest) return;
    copyIfPossible(file, `${file}.1`);
    fs.truncateSync(file);
  } catch {
    // It was removed meanwhile.
  }
}

/** The copy is a comfort: a disk that is too full for it is all the more reason to empty the log. */
function copyIfPossible(from, to) {
  try {
    fs.copyFileSync(from, to);
  } catch {
    fs.rmSync(to, { force: true });
  }
}

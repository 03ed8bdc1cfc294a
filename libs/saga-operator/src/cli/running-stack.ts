/** What `npm start` runs here, as its file tells: so that nothing has to be set to look at it. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FILE = '.local/run/stack.json';
const SERVICE = 'order-service';

/** Where the service listens, and what it lets operators in by. */
export interface RunningStack {
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * @returns what runs in this folder or in one above it; null where nothing does. A file of somebody else's says
 * nothing: it could lead anywhere.
 */
export function runningStack(folder: string): RunningStack | null {
  for (let at = folder; ; at = dirname(at)) {
    const found = readStack(join(at, FILE));
    if (found || dirname(at) === at) return found;
  }
}

function readStack(file: string): RunningStack | null {
  try {
    if (process.getuid !== undefined && statSync(file).uid !== process.getuid()) return null;
    const { services, operatorToken } = JSON.parse(readFileSync(file, 'utf8')) as {
      services?: Readonly<Record<string, { url?: unknown }>>;
      operatorToken?: unknown;
    };
    const url = services?.[SERVICE]?.url;
    return typeof url === 'string'
      ? { url, token: typeof operatorToken === 'string' ? operatorToken : undefined }
      : null;
  } catch {
    return null;
  }
}

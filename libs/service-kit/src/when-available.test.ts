import { pino } from 'pino';
import { whenAvailable } from './when-available.js';

const refused = () => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });

/** @returns a logger, and the lines that it was given. */
function recordingLogger() {
  const lines: object[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line) as object) });
  return { logger, lines };
}

describe('whenAvailable', () => {
  it('tries until it is there, with one line for each failure', async () => {
    const { logger, lines } = recordingLogger();
    let attempts = 0;
    const attempt = async () => {
      attempts += 1;
      if (attempts < 3) throw refused();
      return 'there';
    };
    expect(await whenAvailable('the database', attempt, { logger, signal: new AbortController().signal })).toBe(
      'there',
    );
    const line = {
      msg: 'not available yet; trying again',
      what: 'the database',
      reason: 'connect ECONNREFUSED 127.0.0.1:5432',
    };
    expect(lines).toMatchObject([
      { ...line, pauseMs: 200 },
      { ...line, pauseMs: 400 },
    ]);
  });

  it('does not wait for what will not pass', async () => {
    const { logger, lines } = recordingLogger();
    const attempt = () => Promise.reject(new Error('syntax error'));
    await expect(
      whenAvailable('the database', attempt, { logger, signal: new AbortController().signal }),
    ).rejects.toThrow('syntax error');
    expect(lines).toEqual([]);
  });

  it('ends with its signal', async () => {
    const stopping = new AbortController();
    const attempt = () => {
      stopping.abort();
      return Promise.reject(refused());
    };
    await expect(
      whenAvailable('the database', attempt, { logger: recordingLogger().logger, signal: stopping.signal }),
    ).rejects.toThrow(/abort/i);
  });
});

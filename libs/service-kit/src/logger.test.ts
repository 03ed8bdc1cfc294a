import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { transformFile } from '@swc/core';

/** Logs a line, and at SIGTERM does what it is given and ends. */
const program = (atTheEnd: string) => `
  const logger = await createLogger('any-service', 'info');
  process.once('SIGTERM', async () => {
    ${atTheEnd}
    process.stderr.write('drained');
    process.exit(0);
  });
  setInterval(() => undefined, 1_000);
  logger.info('at work');`;

it.each([
  ['with its last words', "logger.info('stopping'); logger.info('stopped');"],
  ['after an error', "logger.info('stopping'); logger.fatal('a failure');"],
  [
    'after some work',
    "logger.info('stopping'); await new Promise((resolve) => setTimeout(resolve, 50)); logger.info('stopped');",
  ],
])(
  'a process whose log nobody reads any more ends %s',
  async (_when, atTheEnd) => {
    const { code: logger } = await transformFile(path.join(__dirname, 'logger.ts'), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
    });
    const child = spawn(process.execPath, ['--input-type=module', '--eval', logger + program(atTheEnd)], {
      cwd: __dirname,
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const closed = once(child, 'close');
    const [line] = (await Promise.race([once(child.stdout, 'data'), closed])) as [Buffer];
    expect(JSON.parse(line.toString())).toMatchObject({ level: 'info', service: 'any-service', msg: 'at work' });

    child.stdout.destroy();
    child.kill('SIGTERM');
    const tooLate = setTimeout(() => child.kill('SIGKILL'), 5_000);
    const [code] = (await closed) as [number | null];
    clearTimeout(tooLate);
    expect({ code, errors }).toEqual({ code: 0, errors: 'drained' });
  },
  20_000,
);

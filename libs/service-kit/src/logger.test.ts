import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Logs a line, and stops as a service does. */
const program = (beforeTheEnd: string) => `
  import { beginLifetime } from './libs/service-kit/src/lifetime.ts';
  import { createLogger } from './libs/service-kit/src/logger.ts';
  const lifetime = beginLifetime();
  const logger = await createLogger('any-service', 'info');
  lifetime.logTo(logger);
  lifetime.onStop('the work', async () => {
    ${beforeTheEnd}
    logger.info('one more line');
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.stderr.write('drained');
  });
  setInterval(() => undefined, 1_000);
  logger.info('at work');`;

it.each([
  ['stops', ''],
  ['stops after a fatal error', "logger.fatal('the end');"],
])(
  'a process whose log nobody reads any more %s',
  async (_what, beforeTheEnd) => {
    const options = ['--conditions=@ws/source', '--import=tsx', '--input-type=module'];
    const child = spawn(process.execPath, [...options, '--eval', program(beforeTheEnd)]);
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    expect(JSON.parse(line.toString())).toMatchObject({ level: 'info', service: 'any-service', msg: 'at work' });

    child.stdout.destroy();
    await once(child.stdout, 'close');
    child.kill('SIGTERM');
    const tooLate = setTimeout(() => child.kill('SIGKILL'), 20_000);
    const [code] = (await once(child, 'exit')) as [number | null];
    clearTimeout(tooLate);
    expect({ code, errors }).toEqual({ code: 0, errors: 'drained' });
  },
  60_000,
);

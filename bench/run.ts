/** `npm run bench`: see README.md in this folder. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from '../scripts/lib/build.js';
import { root } from '../scripts/lib/paths.js';
import { FullRun, type RunContext } from './lib/full-run.js';
import { wasDisturbed } from './lib/measure.js';
import { HELP, parseOptions, type Options } from './lib/options.js';
import { runSession, type Session } from './lib/session.js';
import { runSmall } from './lib/small-run.js';
import { startServers, startServices } from './lib/system.js';
import { tableOf } from './lib/table.js';

const directory = path.join(root, '.local/bench');

/** @returns the exit code */
async function main(args: string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    return 1;
  }
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  return runSession(directory, (session) => run(options, session));
}

async function run(options: Options, session: Session): Promise<void> {
  console.log('building …');
  await build({ logFile: path.join(directory, 'build.log'), signal: session.signal });
  const servers = await startServers(path.join(directory, 'system'), session);
  const context = { servers, session, directory };
  const results = options.small ? await small(context) : await full(context, options);
  await servers.stop();
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify({ machine: machine(), results }, null, 2)}\n`);
}

async function small(context: RunContext): Promise<object[]> {
  const services = await startServices(context.servers, context);
  try {
    const { result, isGood } = await runSmall({ ...context, services });
    if (!isGood) process.exitCode = 1;
    return [result];
  } finally {
    await services.stop();
  }
}

async function full(context: RunContext, options: Options): Promise<object[]> {
  console.log(machine());
  const floorServers = await startServers(path.join(directory, 'floor'), context.session);
  const fullRun = new FullRun(context, options);
  try {
    await fullRun.run(floorServers);
  } finally {
    await floorServers.stop();
  }
  console.log(tableOf(fullRun.results));
  if (fullRun.results.some(wasDisturbed) && !options.force) {
    console.log('Other processes took a noticeable share of the CPU: these figures are not to be reported (--force).');
    process.exitCode = 1;
  }
  return fullRun.results;
}

function machine(): string {
  const [cpu] = os.cpus();
  const memory = Math.round(os.totalmem() / 2 ** 30);
  const system = `${os.type()} ${os.release()}, Node ${process.version}`;
  return `${cpu?.model}, ${os.availableParallelism()} cores, ${memory} GiB, ${system}`;
}

process.exit(await main(process.argv.slice(2)));

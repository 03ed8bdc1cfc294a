import fs from 'node:fs';
import path from 'node:path';
import { readJson } from './atomic-file.mjs';
import { run, tail } from './command.mjs';
import { root } from './paths.mjs';

/**
 * Whether what is installed is what the lock file asks for.
 * @param {Record<string, any>} wanted `packages` of package-lock.json
 * @param {Record<string, any> | undefined} installed `packages` of node_modules/.package-lock.json, which npm writes last
 */
export function isInstalled(wanted, installed) {
  if (installed === undefined) return false;
  return Object.entries(wanted).every(([location, entry]) => {
    if (location === '') return true; // the root itself; npm does not list it
    const found = installed[location];
    // Packages for other platforms are in the lock file but not on the disk.
    if (found === undefined) return entry.optional === true || entry.devOptional === true || entry.peer === true;
    if (entry.link === true) return found.resolved === entry.resolved;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/**
 * Installs the npm packages unless that was done already.
 * @returns {Promise<string>} what was done
 */
export async function ensurePackages({ logFile, signal }) {
  const wanted = readJson(path.join(root, 'package-lock.json'))?.packages ?? {};
  const installed = readJson(path.join(root, 'node_modules/.package-lock.json'))?.packages;
  if (isInstalled(wanted, installed)) return 'up to date';

  // npm writes this file last. One that is left from before would vouch for an installation that was cut short.
  fs.rmSync(path.join(root, 'node_modules/.package-lock.json'), { force: true });
  // NODE_ENV=production would leave out the compiler.
  const { code, output } = await runNpm(['ci', '--include=dev', '--no-audit', '--no-fund'], { logFile, signal });
  if (code !== 0) throw new Error(`npm ci failed (code ${code}):\n${tail(output)}`);
  return 'installed';
}

/** Runs npm: the one that runs us, if any, else the one on the PATH. */
export function runNpm(args, options) {
  const cli = process.env.npm_execpath;
  const [command, before] = cli?.endsWith('npm-cli.js') ? [process.execPath, [cli]] : ['npm', []];
  return run(command, [...before, ...args], { cwd: root, ...options });
}

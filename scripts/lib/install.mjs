// What must be done before any package can be imported. It has only syntax that an old Node parses.
import { spawn } from 'child_process';
import fs from 'fs';
import path from 'path';
import { fileURLToPath } from 'url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const installedList = path.join(root, 'node_modules/.package-lock.json');

export const OLDEST_NODE = [20, 20, 0];

/** @returns {boolean} whether `version`, such as "20.20.2", is one that the project runs on */
export function isSupportedNode(version) {
  const parts = version.split('.').map((part) => parseInt(part, 10));
  for (let i = 0; i < OLDEST_NODE.length; i++) {
    if (parts[i] !== OLDEST_NODE[i]) return parts[i] > OLDEST_NODE[i];
  }
  return true;
}

/**
 * Whether what is installed is what the lock file asks for.
 * @param {Record<string, any>} wanted `packages` of package-lock.json
 * @param {Record<string, any> | undefined} installed `packages` of node_modules/.package-lock.json, which npm writes last
 * @returns {boolean}
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

/** Installs the npm packages unless that was done already. Two processes do not do it at the same time. */
export async function installPackages() {
  if (isComplete()) return;
  const release = await lock(path.join(root, '.local/run/install.lock'));
  try {
    if (isComplete()) return;
    console.log('installing the npm packages …');
    // npm writes this file last. One that is left from before would vouch for an installation that was cut short.
    fs.rmSync(installedList, { force: true });
    // NODE_ENV=production would leave out the compiler.
    await npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  } finally {
    release();
  }
}

function isComplete() {
  const packagesIn = (file) => (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).packages : undefined);
  return isInstalled(packagesIn(path.join(root, 'package-lock.json')), packagesIn(installedList));
}

/** Runs npm: the one that runs us, if any, else the one on the PATH. A signal ends it with all that it started. */
function npm(args) {
  const cli = process.env.npm_execpath || '';
  const [command, before] = cli.endsWith('npm-cli.js') ? [process.execPath, [cli]] : ['npm', []];
  const child = spawn(command, before.concat(args), { cwd: root, stdio: 'inherit', detached: true });
  return new Promise((resolve, reject) => {
    const stop = (signal) => {
      process.kill(-child.pid, signal);
      reject(new Error('interrupted by ' + signal));
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop);
    child.once('error', reject);
    child.once('exit', (code) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeListener(signal, stop);
      if (code === 0) resolve();
      else reject(new Error('npm ci failed (code ' + code + ')'));
    });
  });
}

/** @returns a function that gives the lock back; a lock whose holder is gone is taken over */
async function lock(file) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  for (let told = false; ;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => fs.rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(fs.existsSync(file) && fs.readFileSync(file, 'utf8'));
    if (!isAlive(holder)) fs.rmSync(file, { force: true });
    else {
      if (!told) console.log('waiting for pid ' + holder + ', which installs the npm packages');
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// What must be done before any package can be imported. It has only syntax that an old Node parses.
import { spawn } from 'child_process';
import fs from 'fs';
import path from 'path';
import { fileURLToPath } from 'url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const installedList = path.join(root, 'node_modules/.package-lock.json');
const lockFile = path.join(root, '.local/run/install.lock');
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export const OLDEST_NODE = [20, 20, 0];

/** @returns {boolean} whether `version`, such as "20.20.2", is one that the project runs on */
export function isSupportedNode(version) {
  const parts = version.split('.').map((part) => parseInt(part, 10));
  const differing = OLDEST_NODE.findIndex((part, index) => parts[index] !== part);
  return differing < 0 || parts[differing] > OLDEST_NODE[differing];
}

/**
 * Whether what is installed is what the lock file asks for.
 * @param {Record<string, any>} wanted `packages` of package-lock.json
 * @param {Record<string, any> | undefined} installed `packages` of node_modules/.package-lock.json, which npm writes
 *   last
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
  for (let round = 0; !isComplete(); round++) {
    if (!takeLock()) {
      if (round === 0) console.log('waiting for another process, which installs the npm packages …');
      await new Promise((resolve) => setTimeout(resolve, 300));
      continue;
    }
    try {
      console.log('installing the npm packages …');
      // npm writes this file last. One that is left from before would vouch for an installation that was cut short.
      fs.rmSync(installedList, { force: true });
      // NODE_ENV=production would leave out the compiler.
      await npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
      if (!isComplete()) return; // npm knows better what its lock file asks for
    } finally {
      fs.rmSync(lockFile, { force: true });
    }
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
    // npm that is told to stop takes out again what it has installed, which takes half a minute.
    const kill = () => process.kill(-child.pid, 'SIGKILL');
    let patience;
    const stop = (signal) => {
      process.kill(-child.pid, signal);
      patience = patience || setTimeout(kill, 2000);
    };
    for (const signal of SIGNALS) process.on(signal, stop);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(patience);
      for (const name of SIGNALS) process.removeListener(name, stop);
      if (code === 0) resolve();
      else reject(new Error('npm ci failed (' + (signal || 'code ' + code) + ')'));
    });
  });
}

/** @returns {boolean} whether this process has the lock now; one whose holder is gone is free for the next attempt */
function takeLock() {
  fs.mkdirSync(path.dirname(lockFile), { recursive: true });
  try {
    fs.writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    process.kill(Number(fs.readFileSync(lockFile, 'utf8')), 0);
  } catch (error) {
    if (error.code === 'ESRCH') fs.rmSync(lockFile, { force: true });
  }
  return false;
}

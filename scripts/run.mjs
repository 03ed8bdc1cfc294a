// Runs a TypeScript program of this project: `node scripts/run.mjs scripts/start.ts [arguments]`.
// It checks the version of Node and installs the npm packages first. So it imports no package, and has only syntax that an old Node parses.
import { pathToFileURL } from 'url';
import { installPackages, isSupportedNode, OLDEST_NODE } from './lib/install.mjs';

async function run(program) {
  await installPackages();
  const { register } = await import('tsx/esm/api');
  register();
  // The program sees the same arguments as if Node had been given its file.
  process.argv.splice(1, 1);
  await import(pathToFileURL(program).href);
}

if (isSupportedNode(process.versions.node)) {
  run(process.argv[2]).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
} else {
  const found = process.versions.node + ' (' + process.execPath + ')';
  console.error('Node ' + OLDEST_NODE.slice(0, 2).join('.') + ' or newer is needed; this is ' + found + '.');
  process.exitCode = 1;
}

// Runs a TypeScript program of this project: `node scripts/run.mjs scripts/start.ts [arguments]`. It checks the version
// of Node and installs the npm packages first. So it imports no package, and has only syntax that an old Node parses.
import { pathToFileURL } from 'url';
import { installPackages, isSupportedNode, OLDEST_NODE } from './lib/install.mjs';

function fail(error) {
  console.error(error);
  process.exitCode = 1;
}

async function run(program) {
  const { register } = await import('tsx/esm/api');
  register();
  // The program sees the same arguments as if Node had been given its file.
  process.argv.splice(1, 1);
  await import(pathToFileURL(program).href);
}

if (isSupportedNode(process.versions.node)) {
  installPackages().then(
    () => run(process.argv[2]).catch(fail),
    (error) => fail(error.message),
  );
} else {
  const found = process.versions.node + ' (' + process.execPath + ')';
  fail('Node ' + OLDEST_NODE.slice(0, 2).join('.') + ' or newer is needed; this is ' + found + '.');
}

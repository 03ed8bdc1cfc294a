import { requireSupportedNode } from './lib/node-version.mjs';

// Nothing else may be imported before this check: an old Node would fail on syntax or builtins it does not know, and say nothing useful.
if (requireSupportedNode()) import('./lib/start-command.mjs').then(({ runStart }) => runStart(process.argv.slice(2)));

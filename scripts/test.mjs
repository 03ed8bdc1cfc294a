import { requireSupportedNode } from './lib/node-version.mjs';

// Nothing else may be imported before this check: an old Node would fail on syntax or builtins it does not know, and say nothing useful.
if (requireSupportedNode()) import('./lib/test-command.mjs').then(({ runTests }) => runTests(process.argv.slice(2)));

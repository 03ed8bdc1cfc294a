import { requireSupportedNode } from './lib/node-version.mjs';

// Nothing else may be imported before the check: an old Node would fail on syntax or builtins it does not know, and say nothing useful.
if (requireSupportedNode())
  import('./lib/specs-command.mjs')
    .then(({ runSpecs }) => runSpecs(process.argv.slice(2)))
    .then((code) => (process.exitCode = code));

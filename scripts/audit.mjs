import { requireSupportedNode } from './lib/node-version.mjs';

// package.json runs this with `exec`: a shell between npm and this process would keep for itself the signals that npm passes on.
// Nothing else may be imported before the check: an old Node would fail on syntax or builtins it does not know, and say nothing useful.
if (requireSupportedNode()) import('./lib/audit-command.mjs').then(({ runAudit }) => runAudit(process.argv.slice(2)));

/** `npm run audit`: see README.md in this package. */
import { runAudit } from './command.js';

const { exitCode, stdout = '', stderr = '' } = await runAudit(process.argv.slice(2), process.env);
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;

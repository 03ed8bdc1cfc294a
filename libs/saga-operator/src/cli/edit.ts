/** edit: sends the awaited command with another payload, after a look at what changes. */
import { diffJson } from './json-diff.js';
import { confirm, type Command } from './context.js';
import { CliError, EXIT } from './exit-codes.js';
import { jsonOf } from './json-option.js';
import { printLine, printJson, table } from './print.js';
import { detailOf } from './queries.js';
import { perform, checkOperator } from './actions.js';

export const edit: Command = async (context) => {
  const { options } = context;
  checkOperator(context);
  const payload = await jsonOf(context, 'payload');
  const saga = await detailOf(context);
  if (!saga.allowed.edit)
    throw new CliError(
      EXIT.refused,
      'ACTION_NOT_ALLOWED: Its payload cannot be edited now. The command must go to a participant and be ' +
        'parked or pausing, and the service must allow edits.',
    );
  const changes = diffJson(saga.payload, payload);
  if (options['dry-run'] && options.json) return printJson({ changes });
  // The result is all that a program reads.
  if (!options.json) {
    const rows = changes.map(({ path, before, after }) => [path, shown(before), shown(after)]);
    printLine(rows.length === 0 ? 'The payload stays as it is.' : table(['FIELD', 'BEFORE', 'AFTER'], rows));
  }
  if (options['dry-run']) return;
  await confirm(context, `Send ${saga.step ?? 'the command'} with this payload?`);
  return perform(context, 'edit', saga, { payload });
};

/** As JSON, so that the text "1" is told from the number 1; null where there is nothing. */
const shown = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

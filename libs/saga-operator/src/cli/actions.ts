/** retry, compensate, give-up, skip, accept. */
import type { OperatorActionType } from 'saga-core/admin';
import type { SagaDetail, UndoPreview } from '../api/schemas/index.js';
import { confirm, numberOf, operatorOf, type Command, type Context } from './context.js';
import { CliError, EXIT } from './exit-codes.js';
import { jsonOf } from './json-option.js';
import { printLine, printJson, table } from './print.js';
import { detailOf } from './queries.js';

export const retry: Command = async (context) => {
  checkOperator(context);
  return perform(context, 'retry', await detailOf(context));
};

export const skip: Command = async (context) => {
  checkOperator(context);
  const saga = await detailOf(context);
  await confirm(context, `Go on without ${saga.step ?? 'a step'}? What it should have done is for you to put right.`);
  return perform(context, 'skip', saga);
};

export const accept: Command = async (context) => {
  checkOperator(context);
  const reply = await jsonOf(context, 'reply');
  const saga = await detailOf(context);
  await confirm(context, `Take ${saga.step ?? 'the step'} for done, with this answer?`);
  return perform(context, 'accept', saga, { reply });
};

export const compensate: Command = (context) => undo(context, 'compensate');
export const giveUp: Command = (context) => undo(context, 'give-up');

/** Turns a saga back, after a look at what is undone by it. */
async function undo(context: Context, type: 'compensate' | 'give-up'): Promise<void> {
  checkOperator(context);
  const saga = await detailOf(context);
  const { client, options } = context;
  const preview = await client.get<UndoPreview>(`/sagas/${saga.id}/undo-preview?action=${type}`, 'undos');
  if (options['dry-run'] && options.json) return printJson(preview);
  if (!preview.allowed) throw new CliError(EXIT.refused, `ACTION_NOT_ALLOWED: ${preview.reason}`);
  const undos = preview.undos.map(({ step, undo, because, payload }) => [undo, step, because, payload]);
  const plan = undos.length === 0 ? 'Nothing is to be undone.' : table(['UNDO', 'OF', 'BECAUSE IT', 'WITH'], undos);
  // The result is all that a program reads.
  if (!options.json) printLine(plan);
  if (options['dry-run']) return;
  await confirm(context, 'Undo this?');
  return perform(context, type, saga);
}

/**
 * Is called before anything is asked, of the service or of the operator.
 *
 * @throws {CliError} when what `perform` needs is not given
 */
export function checkOperator(context: Context): void {
  operatorOf(context);
  numberOf(context, 'version');
}

/**
 * Acts on the version that was shown to the operator, or was read just now: should the saga move on meanwhile,
 * nothing is done.
 *
 * @param more - what the act needs beside who, why and the version
 * @throws {CliError} when the service refuses it
 */
export async function perform(
  context: Context,
  type: OperatorActionType,
  seen: SagaDetail,
  more: object = {},
): Promise<void> {
  const { client, options } = context;
  const version = numberOf(context, 'version') ?? seen.version;
  const saga = await client.post<SagaDetail>(
    `/sagas/${seen.id}/${type}`,
    { ...operatorOf(context), version, ...more },
    'status',
  );
  if (options.json) return printJson(saga);
  printLine(`${saga.id} is ${saga.status}${saga.step === null ? '' : `, awaits ${saga.step}`}`);
}

/** A command's contract: types, validation, routing keys and documents all come from it. */
import { Type, type Static, type TObject, type TSchema } from '@sinclair/typebox';
import { SagaError } from '../errors.js';
import { COMMAND_ID_PATTERN, commandIdOf, serviceOf } from './routing.js';

/** What orchestrator and participant agree on for one command. */
export interface CommandContract<
  Payload extends TSchema = TSchema,
  Reply extends TSchema = TSchema,
  RefusalCode extends string = string,
> {
  /** `<service>.<command>`, also the routing key. */
  readonly task: string;
  readonly description: string;
  readonly payload: Payload;
  /** The body of a success reply. */
  readonly reply: Reply;
  /** Each reason for which the business may say no, with its explanation. */
  readonly refusals: Readonly<Record<RefusalCode, string>>;
  /** The command that this one undoes; null for an action. */
  readonly undoes: CommandContract | null;
}

/**
 * The identity of the action, as an undo's payload carries it: the orchestrator may never have learned the ids that the
 * action made.
 */
const ActionId = Type.String({
  pattern: COMMAND_ID_PATTERN,
  description:
    'The correlationId of the command that this undoes. It may still be on its way, or lost: the undo succeeds all the same, and bars it.',
  examples: [commandIdOf('0190b0a0-0000-7000-8000-00000000000a', 2)],
});

const EmptyReply = Type.Object({});

/**
 * The payload of an undo: the business key that the saga gives, and the identity of the action, which the library adds.
 */
type UndoPayload<BusinessKey extends TObject> = TSchema & { static: Static<BusinessKey> & { actionId: string } };

/** The contract of an undo: its payload names the action, it cannot be refused, and its reply is empty. */
export interface UndoContract<BusinessKey extends TObject = TObject> extends CommandContract<
  UndoPayload<BusinessKey>,
  typeof EmptyReply,
  never
> {
  readonly businessKey: BusinessKey;
}

export type PayloadOf<Command extends CommandContract> = Static<Command['payload']>;
export type ReplyOf<Command extends CommandContract> = Static<Command['reply']>;
export type RefusalCodeOf<Command extends CommandContract> = keyof Command['refusals'] & string;
/** What a saga gives for an undo: the library adds the action's identity. */
export type UndoPayloadOf<Undo extends UndoContract> = Static<Undo['businessKey']>;

const REFUSAL_CODE = /^[A-Z][A-Z0-9_]*$/;

/**
 * Defines an action: a command that does something, or reads something.
 *
 * @throws {SagaError} INVALID_CONTRACT for a task name or refusal code of another form
 */
export function defineCommand<
  Payload extends TObject,
  Reply extends TObject,
  const RefusalCode extends string,
>(contract: {
  task: string;
  description: string;
  payload: Payload;
  reply: Reply;
  refusals: Readonly<Record<RefusalCode, string>>;
}): CommandContract<Payload, Reply, RefusalCode> {
  serviceOf(contract.task);
  for (const code of Object.keys(contract.refusals))
    if (!REFUSAL_CODE.test(code))
      throw new SagaError('INVALID_CONTRACT', `Refusal code "${code}" of ${contract.task} must be UPPER_SNAKE_CASE`);
  return { ...contract, undoes: null };
}

/**
 * Defines an undo: a command that takes the effect of an action back. It names the action by identity and by the
 * business key in its payload, cannot be refused, and succeeds also when there is nothing to take back.
 *
 * @throws {SagaError} INVALID_CONTRACT for a bad task name, or an undo in another service than its action (the barrier
 *   needs one database for both)
 */
export function defineUndo<BusinessKey extends TObject>(contract: {
  task: string;
  description: string;
  undoes: CommandContract;
  payload: BusinessKey;
}): UndoContract<BusinessKey> {
  const { task, description, undoes, payload } = contract;
  if (serviceOf(task) !== serviceOf(undoes.task))
    throw new SagaError('INVALID_CONTRACT', `${task} must belong to the service of ${undoes.task}, which it undoes`);
  if (undoes.undoes)
    throw new SagaError('INVALID_CONTRACT', `${task} cannot undo ${undoes.task}, which is an undo itself`);
  return {
    task,
    description,
    undoes,
    businessKey: payload,
    payload: Type.Object({ ...payload.properties, actionId: ActionId }),
    reply: EmptyReply,
    refusals: {},
  };
}

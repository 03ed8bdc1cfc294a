/** Handlers of a service, one for each command of its contract: forgetting one does not compile. */
import { asSaved } from '../contract/as-saved.js';
import type { CommandContract, PayloadOf, RefusalCodeOf, ReplyOf } from '../contract/command.js';
import { withCheckedAnswers, type Handler } from '../contract/handler.js';
import { isRefusal, type Refusal } from '../contract/outcome.js';
import { whyTooLarge } from '../contract/sendable.js';
import type { ServiceContract } from '../contract/service.js';
import { describeProblems, problemsOf } from '../contract/validation.js';
import { SagaError } from '../errors.js';
import type { ReceivedCommand } from './received-command.js';

/** A handler's answer that is none: see {@link noReply}. */
export interface NoReply {
  readonly kind: 'withheld';
}

/**
 * @returns an answer which commits the effect and sends no reply, not to duplicates either: to test the orchestrator's
 *   timeout.
 */
export const noReply = (): NoReply => ({ kind: 'withheld' });

/** @returns whether a handler withholds its reply. */
export function isNoReply(answer: unknown): answer is NoReply {
  return typeof answer === 'object' && answer !== null && (answer as { kind?: unknown }).kind === 'withheld';
}

/** What a handler may answer: the contract's reply, or a refusal with one of its codes. */
export type Answer<Command extends CommandContract> =
  ReplyOf<Command> | (Refusal & { readonly code: RefusalCodeOf<Command> }) | NoReply;

/** The handler of one command. */
export type CommandHandler<Command extends CommandContract, Tx> = Handler<
  Tx,
  ReceivedCommand<PayloadOf<Command>>,
  Answer<Command>
>;

/** The handlers of all commands of a service, by the keys of its contract. */
export type CommandHandlers<Service extends ServiceContract, Tx> = {
  readonly [Key in keyof Service['commands']]: CommandHandler<Service['commands'][Key], Tx>;
};

export type AnyHandler<Tx> = Handler<Tx, ReceivedCommand, unknown>;

/**
 * @returns the handler with its answers held against the contract: one that breaks it counts as thrown, and nothing of
 *   its effect is kept.
 */
export function checkedHandler<Tx>(contract: CommandContract, handler: AnyHandler<Tx>): AnyHandler<Tx> {
  const checked = (given: unknown): unknown => {
    if (isNoReply(given)) return given;
    // What is stored is what is sent, now and to a duplicate.
    const answer = asSaved(given);
    const tooLarge = whyTooLarge(answer);
    if (tooLarge !== null)
      throw new SagaError('HANDLER_CONTRACT', `${contract.task} answered what nobody would read: ${tooLarge}`);
    if (isRefusal(answer)) {
      if (answer.code in contract.refusals) return answer;
      throw new SagaError(
        'HANDLER_CONTRACT',
        `${contract.task} refused with ${answer.code}, which is not in its contract`,
      );
    }
    const problems = problemsOf(contract.reply, answer);
    if (problems.length === 0) return answer;
    throw new SagaError(
      'HANDLER_CONTRACT',
      `${contract.task} answered what its contract forbids: ${describeProblems(problems)}`,
    );
  };
  return withCheckedAnswers(handler, (_command, answer) => checked(answer));
}

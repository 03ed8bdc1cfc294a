/** What a failure reply may say: the refusals of a command's contract, and errors. */
import { Type, type TObject, type TSchema } from '@sinclair/typebox';
import type { CommandContract } from '../contract/command.js';
import { FailureBody } from '../contract/reply-message.js';
import type { FailureCode } from '../errors.js';

type Codes = Readonly<Record<string, string>>;

/** Errors with which a participant may answer any command, and what each tells its reader. */
const PARTICIPANT_ERRORS: Readonly<Partial<Record<FailureCode, string>>> = {
  INVALID_COMMAND_ID: 'The correlation-id is not `<saga id>:<sequence>`.',
  INVALID_PAYLOAD: 'The body breaks its schema; the command was not handled.',
  HANDLER_FAILED: 'Something broke; nothing of the effect was kept.',
  COMMAND_EXPIRED: 'The saga is older than what is remembered: whether the command was handled before is not known.',
};

/** The refusal of an action that comes after its undo. It is final: to try it again could not help. */
const BARRED: Readonly<Partial<Record<FailureCode, string>>> = {
  BARRED: 'The command was undone before it came; it has no effect.',
};

/**
 * @returns the refusals of a command, by code: those of its contract, and for an action in a service with undos that it
 *   is barred
 */
export function refusalsOf({ refusals, undoes }: CommandContract, undosThere: boolean): Codes {
  return undoes || !undosThere ? refusals : { ...refusals, ...BARRED };
}

const { kind: _kind, code, ...rest } = FailureBody.properties;

/** @returns the schema of any command's errors: new codes may come */
export function errorSchema(): TObject {
  return Type.Object(
    {
      kind: Type.Literal('error'),
      code: {
        ...code,
        pattern: '^[A-Z][A-Z0-9_]*$',
        description: describeCodes('May be another one', PARTICIPANT_ERRORS),
      },
      ...rest,
    },
    { description: 'Something broke. Nothing of the effect was kept, and the command may come again.' },
  );
}

/** @returns the schema of a command's refusals */
export function refusalSchema(refusals: Codes): TObject {
  return Type.Object(
    {
      kind: Type.Literal('refusal'),
      code: Type.Union(
        Object.keys(refusals).map((each) => Type.Literal(each)),
        { description: describeCodes('One of these', refusals) },
      ),
      ...rest,
    },
    { description: 'The answer is no, for good. Nothing of the effect was kept; the saga is compensated.' },
  );
}

/** @returns the schema of a command's failures */
export function failureSchema(refusals: Codes): TSchema {
  return Object.keys(refusals).length === 0 ? errorSchema() : Type.Union([refusalSchema(refusals), errorSchema()]);
}

const describeCodes = (lead: string, codes: Codes): string =>
  `${lead}:\n\n${Object.entries(codes)
    .map(([each, meaning]) => `- \`${each}\`: ${meaning}`)
    .join('\n')}`;

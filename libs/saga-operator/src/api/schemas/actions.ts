/** What an operator does to one saga. */
import { Type, type Static } from '@sinclair/typebox';
import { MAX_INTEGER, oneOf, Operator } from './common.js';

const seen = {
  version: Type.Integer({
    minimum: 1,
    maximum: MAX_INTEGER,
    description: "The saga's version that the operator saw; 409 when it has moved on.",
  }),
};
export const ActionBody = Type.Object({ ...Operator, ...seen });
export type ActionBody = Static<typeof ActionBody>;

export const EditBody = Type.Object({
  ...Operator,
  ...seen,
  payload: Type.Unknown({
    description:
      "The awaited command's new payload; the command keeps its identity, so that it has its effect once. " +
      "Checked against the command's schema.",
  }),
});
export type EditBody = Static<typeof EditBody>;

export const AcceptBody = Type.Object({
  ...Operator,
  ...seen,
  reply: Type.Optional(
    Type.Unknown({
      description:
        "What the awaited command is taken to have answered; of a local step the changes of the saga's data. " +
        "Checked against the reply's schema, and applied as an answer is.",
    }),
  ),
});
export type AcceptBody = Static<typeof AcceptBody>;

export const UndoQuery = Type.Object({
  action: Type.Optional(oneOf(['compensate', 'give-up'], 'What is thought of; compensate unless given.')),
});

export const UndoPreviewSchema = Type.Object({
  allowed: Type.Boolean({ description: 'Whether the saga can be compensated, or given up, now.' }),
  reason: Type.String({ description: 'Why not; empty when it can.' }),
  undos: Type.Array(
    Type.Object({
      step: Type.String({ description: 'The step that is undone.' }),
      undo: Type.String({ description: 'What undoes it: a task or a local step.' }),
      local: Type.Boolean({ description: "Whether it runs in the orchestrator's own database." }),
      because: Type.String({ description: 'succeeded: it had its effect. unknown: it may have had it.' }),
      payload: Type.Unknown({ description: 'What would be sent; null for a local step.' }),
    }),
    { description: 'In the order in which they would run.' },
  ),
});
export type UndoPreview = Static<typeof UndoPreviewSchema>;

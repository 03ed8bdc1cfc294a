/** One saga and its definition. */
import { Type, type Static } from '@sinclair/typebox';
import { SagaViewSchema } from 'saga-core';
import { MAX_INTEGER, nullable, oneOf } from './common.js';

const KINDS = ['compensatable', 'read-only', 'pivot', 'retriable'] as const;
export const STEP_STATES = [
  'done',
  'current',
  'remaining',
  'without-effect',
  'unknown',
  'undoing',
  'compensated',
  'not-reached',
  'skipped',
] as const;

const StepStateSchema = Type.Object({
  name: Type.String({ description: 'The task, or the name of the local step.' }),
  kind: oneOf(KINDS, 'What kind of step it is.'),
  local: Type.Boolean({ description: "Whether it runs in the orchestrator's own database." }),
  undo: nullable(Type.String(), 'The task or local step that undoes it; null when none does.'),
  state: oneOf(
    STEP_STATES,
    'done; current: awaited now; remaining: comes yet; without-effect: refused, or certainly had none; ' +
      'unknown: may have had its effect; undoing: being undone now; compensated: undone; not-reached: the saga ' +
      'turned back before; skipped: by an operator.',
  ),
});

export const SagaDetailSchema = Type.Composite([
  SagaViewSchema,
  Type.Object({
    version: Type.Integer({ description: 'Counts its inputs; an action names the version that was seen.' }),
    direction: nullable(
      oneOf(['action', 'undo'], 'Forward or back.'),
      'Whether the awaited step is done or undone; null at the end.',
    ),
    earlier: Type.Integer({
      description:
        'How many entries of the history, the oldest, are left out here: `/sagas/{id}/history` has them. ' +
        'Values that are long are shortened (`shortened`).',
    }),
    notesIgnored: Type.Boolean({
      description:
        'Whether late and doubled replies are still noted in the history: not any more after very many inputs.',
    }),
    steps: Type.Array(StepStateSchema, {
      description: 'All steps, in order; empty when this process does not know the definition.',
    }),
    allowed: Type.Object(
      {
        retry: Type.Boolean({ description: 'Whether it can be tried again now.' }),
        compensate: Type.Boolean({ description: 'Whether it can be turned back now.' }),
        skip: Type.Boolean({ description: 'Whether its step can be skipped now.' }),
        edit: Type.Boolean({ description: "Whether the awaited command's payload can be changed now." }),
        accept: Type.Boolean({
          description: 'Whether its stuck step can be taken for done, with an answer given by hand.',
        }),
        giveUp: Type.Boolean({
          description: 'Whether its stuck pivot, whose answer is of no use, can be undone with all before it.',
        }),
      },
      { description: 'What an operator can do now.' },
    ),
    payload: Type.Unknown({
      description: 'The payload of the awaited command; null for a local step, and at the end.',
    }),
    links: Type.Array(
      Type.Object({
        title: Type.String({ description: 'What is there.' }),
        url: Type.String({ description: 'Where it is.' }),
      }),
      { description: 'Where more can be seen.' },
    ),
  }),
]);
export type SagaDetail = Static<typeof SagaDetailSchema>;

export const HistoryQuery = Type.Object({
  before: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_INTEGER,
      description:
        '`nextBefore` of the page before, or the number of an input: what came before it. The end of the ' +
        'history unless given.',
    }),
  ),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 200,
      description: 'About the most entries; 100 unless given. Fewer where they are large.',
    }),
  ),
});
export const HistoryPageSchema = Type.Object({
  items: Type.Index(SagaViewSchema, ['history']),
  nextBefore: nullable(Type.Integer(), 'Leads to the page before; null on the first.'),
});
export type HistoryPage = Static<typeof HistoryPageSchema>;

export const DefinitionSchema = Type.Object({
  name: Type.String({ description: 'The saga.' }),
  version: Type.Integer({ description: 'Of the definition.' }),
  deadlineMs: nullable(Type.Integer(), 'How long after its start it may still be before the pivot; null for ever.'),
  steps: Type.Array(
    Type.Object({
      name: Type.String({ description: 'The task, or the name of the local step.' }),
      kind: oneOf(KINDS, 'What kind of step it is.'),
      local: Type.Boolean({ description: "Whether it runs in the orchestrator's own database." }),
      undo: nullable(Type.String(), 'What undoes it; null when nothing does.'),
      service: nullable(Type.String(), 'The participant; null for a local step.'),
      queue: nullable(Type.String(), "The participant's queue; null for a local step."),
    }),
    { description: 'In order.' },
  ),
  mermaid: Type.String({ description: 'A state diagram, for Mermaid.' }),
});
export type Definition = Static<typeof DefinitionSchema>;

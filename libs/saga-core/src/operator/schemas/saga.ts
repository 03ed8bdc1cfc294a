/** One saga and its definition. */
import { Type, type Static } from '@sinclair/typebox';
import { SagaViewSchema } from '../../orchestrator/saga-view.js';
import { nullable, oneOf } from './common.js';

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
    'done; current: awaited now; remaining: comes yet; without-effect: refused, or certainly had none; unknown: may have had its effect; undoing: being undone now; compensated: undone; not-reached: the saga turned back before; skipped: by an operator.',
  ),
});

export const SagaDetailSchema = Type.Composite([
  SagaViewSchema,
  Type.Object({
    version: Type.Integer({ description: 'Counts its inputs; steering names the version that was seen.' }),
    direction: nullable(
      oneOf(['action', 'undo'], 'Forward or back.'),
      'Whether the awaited step is done or undone; null at the end.',
    ),
    steps: Type.Array(StepStateSchema, {
      description: 'All steps, in order; empty when this process does not know the definition.',
    }),
    allowed: Type.Object(
      {
        retry: Type.Boolean({ description: 'Whether it can be tried again now.' }),
        compensate: Type.Boolean({ description: 'Whether it can be turned back now.' }),
        skip: Type.Boolean({ description: 'Whether its step can be skipped now.' }),
        edit: Type.Boolean({ description: "Whether the awaited command's payload can be changed now." }),
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

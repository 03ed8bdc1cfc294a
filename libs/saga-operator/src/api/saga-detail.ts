/** One saga for its operator: where each step stands, and what can be done now. */
import { commandQueueOf, CONSTANTS, messageOf, type OperatorAction, type SagaDefinition, SagaError } from 'saga-core';
import {
  hasEnded,
  isRemote,
  nameOf,
  type SagaInstance,
  sagaView,
  serviceOf,
  stepsToUndo,
  type StoredSaga,
  transition,
} from 'saga-core/admin';
import { latestHistory } from './saga-history.js';
import type { SagaDetail, UndoPreview } from './schemas/index.js';

/** A link that is shown with each saga. */
export interface LinkTemplate {
  readonly title: string;
  /** Contains {sagaId}, {orderId}, {queue} and {traceId} as placeholders. A relative URL is relative to the console. */
  readonly url: string;
}

const PLACEHOLDERS = /\{(\w+)\}/g;

/** @param definition - undefined when this process does not know it: then nothing can be done here */
export function sagaDetail(
  stored: StoredSaga,
  definition: SagaDefinition | undefined,
  { links, allowEdit }: { links: readonly LinkTemplate[]; allowEdit: boolean },
): SagaDetail {
  const { instance } = stored;
  const may = (type: OperatorAction['type']) =>
    definition !== undefined && refusalOf(definition, instance, type) === null;
  const view = sagaView(stored);
  return {
    ...view,
    ...latestHistory(view.history),
    notesIgnored: instance.version < CONSTANTS.maxInputsWithIgnored,
    version: instance.version,
    direction: instance.awaited?.direction ?? null,
    payload: instance.awaited?.payload ?? null,
    steps: definition ? stepsOf(stored, definition) : [],
    allowed: {
      retry: may('retry'),
      compensate: may('compensate'),
      skip: may('skip'),
      edit: allowEdit && mayEdit(definition, instance),
      accept: may('accept'),
      giveUp: may('give-up'),
    },
    links: links.flatMap((link) => linkOf(link, instance, definition) ?? []),
  };
}

/** @returns why the transition refuses an action now; null when it does not. The decision itself is thrown away. */
function refusalOf(definition: SagaDefinition, instance: SagaInstance, type: OperatorAction['type']): string | null {
  try {
    transition(
      definition,
      instance,
      { type: 'operator', action: { type, by: 'nobody', reason: 'to see' } },
      Date.now(),
    );
    return null;
  } catch (error) {
    // What is to be accepted is given with the act itself.
    if (error instanceof SagaError) return error.code === 'INVALID_SAGA_DATA' ? null : error.message;
    throw error;
  }
}

function mayEdit(definition: SagaDefinition | undefined, { awaited }: SagaInstance): boolean {
  if (!definition || !awaited || awaited.state === 'sent') return false;
  const { action, undo } = definition.steps[awaited.step]!;
  return isRemote(awaited.direction === 'action' ? action : undo!);
}

function stepsOf({ instance, history }: StoredSaga, definition: SagaDefinition): SagaDetail['steps'] {
  const { awaited, actions, status } = instance;
  const turned = awaited?.direction === 'undo' || status === 'compensated';
  const skipped = new Set(
    history.flatMap(({ entries }) => entries).flatMap(({ type, step }) => (type === 'operator_skipped' ? [step] : [])),
  );
  return definition.steps.map((step, index) => {
    const undo = step.undo && nameOf(step.undo);
    const stateOf = (): SagaDetail['steps'][number]['state'] => {
      if (awaited?.step === index) return awaited.direction === 'undo' ? 'undoing' : 'current';
      const state = actions[index]?.state;
      if (state === undefined) return turned ? 'not-reached' : 'remaining';
      if (skipped.has(step.name) || (undo !== null && skipped.has(undo))) return 'skipped';
      if (state === 'succeeded') return 'done';
      return state === 'undone' ? 'compensated' : state;
    };
    return { name: step.name, kind: step.kind, local: !isRemote(step.action), undo, state: stateOf() };
  });
}

function linkOf(
  { title, url }: LinkTemplate,
  instance: SagaInstance,
  definition: SagaDefinition | undefined,
): { title: string; url: string } | null {
  const { orderId } = (instance.data ?? {}) as { orderId?: unknown };
  const { awaited } = instance;
  const toParticipant = awaited?.name.includes('.') ? commandQueueOf(serviceOf(awaited.name)) : undefined;
  const values: Record<string, string | undefined> = {
    sagaId: instance.id,
    orderId: typeof orderId === 'string' ? orderId : undefined,
    queue: toParticipant ?? definition?.replyAddress,
    traceId: instance.traceparent?.split('-')[1],
  };
  const names = [...url.matchAll(PLACEHOLDERS)].map(([, name]) => name!);
  if (names.some((name) => values[name] === undefined)) return null;
  return { title, url: url.replace(PLACEHOLDERS, (_whole, name: string) => encodeURIComponent(values[name]!)) };
}

/** @returns what compensating, or giving up its pivot, would undo, in order. Nothing is done. */
export function undoPreview(
  definition: SagaDefinition,
  instance: SagaInstance,
  type: 'compensate' | 'give-up' = 'compensate',
): UndoPreview {
  const { awaited } = instance;
  const isUndoing = awaited?.direction === 'undo';
  const reason = hasEnded(instance.status) ? 'It has ended' : isUndoing ? null : refusalOf(definition, instance, type);
  if (!awaited || (reason !== null && !isUndoing))
    return { allowed: false, reason: reason ?? 'It has ended', undos: [] };
  const { instance: turned } = isUndoing
    ? { instance }
    : transition(
        definition,
        instance,
        { type: 'operator', action: { type, by: 'nobody', reason: 'to see' } },
        Date.now(),
      );
  return {
    allowed: !isUndoing,
    reason: isUndoing ? 'It is being undone already' : '',
    undos: stepsToUndo(definition, turned.actions, turned.awaited?.step ?? -1).map((index) => {
      const { name, undo } = definition.steps[index]!;
      return {
        step: name,
        undo: nameOf(undo!),
        local: !isRemote(undo!),
        because: instance.actions[index]?.state ?? 'unknown',
        payload: isRemote(undo!) ? built(() => undo.payload(turned.data as never)) : null,
      };
    }),
  };
}

function built(build: () => unknown): unknown {
  try {
    return build();
  } catch (thrown) {
    return { cannotBeBuilt: messageOf(thrown) };
  }
}

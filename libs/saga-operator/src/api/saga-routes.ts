/** Routes that show one saga and steer it. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { OperatorAction, SagaDefinition } from 'saga-core';
import { isInstanceOf, recordAct, sagaView, type StoredSaga } from 'saga-core/admin';
import { detailExample } from './examples.js';
import type { OperatorConsoleOptions } from './options.js';
import { OperatorProblem } from './operator-problem.js';
import { answers, DENIALS, refuses, TAGS } from './route-docs.js';
import { sagaDetail, undoPreview } from './saga-detail.js';
import { historyPage } from './saga-history.js';
import {
  AcceptBody,
  EditBody,
  HistoryPageSchema,
  HistoryQuery,
  idParams,
  SagaDetailSchema,
  SteerBody,
  UndoPreviewSchema,
  UndoQuery,
  type SagaDetail,
} from './schemas/index.js';

const params = idParams('The saga.');
const seen = answers('The saga.', SagaDetailSchema, detailExample);
const missing = refuses('There is no saga of this id.', 'NOT_FOUND');
const malformed = refuses('The id is not a UUID, or the body breaks its schema.', 'INVALID_REQUEST');
const STEERED = {
  200: seen,
  400: malformed,
  ...DENIALS,
  404: missing,
  409: refuses('The saga has moved on since it was seen, or cannot do this now.', 'SAGA_MOVED_ON'),
};
const DESCRIPTIONS = {
  retry: [
    'retrySaga',
    'Try again now',
    'Sends the awaited command again at once, with all its attempts before it. A parked saga goes on.',
  ],
  compensate: ['compensateSaga', 'Turn it back', 'Undoes what was done, in reverse order. Not past the pivot.'],
  skip: [
    'skipStep',
    'Skip a step',
    'Leaves a stuck retriable step or undo as it is, and goes on. What it should have done is for people to put right.',
  ],
  'give-up': [
    'giveUpPivot',
    'Give up a stuck pivot',
    'Undoes a pivot that has had its effect, but whose answer is of no use, and all before it, in reverse order.',
  ],
} as const;

/** Adds `GET /sagas/{id}`, its history, its undo preview, and `POST /sagas/{id}/retry`, `/compensate`, `/skip`, `/give-up`, `/edit`, `/accept`. */
export const sagaRoutes: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (
  app,
  { orchestrator, links = [], allowEdit = false },
) => {
  const definitionOf = ({ instance }: StoredSaga) =>
    orchestrator.definitions.find((definition) => isInstanceOf(definition, instance)) as
      SagaDefinition<never, never> | undefined;
  const stored = async (id: string): Promise<StoredSaga> => {
    const saga = await orchestrator.stored(id);
    if (!saga) throw new OperatorProblem('NOT_FOUND', `There is no saga ${id}.`);
    return saga;
  };
  const detail = async (id: string): Promise<SagaDetail> => {
    const saga = await stored(id);
    return sagaDetail(saga, definitionOf(saga), { links, allowEdit });
  };

  const operate = async (id: string, action: OperatorAction): Promise<void> => {
    const { type, by: operator, reason, version } = action;
    const act = { operator, reason, action: type, sagaId: id.toLowerCase(), details: { version } };
    await orchestrator.operate(id, action, async (tx) => void (await recordAct(tx, act)));
    app.log.info(act, 'an operator has acted');
  };

  app.get(
    '/sagas/:id',
    {
      schema: {
        operationId: 'getSaga',
        tags: TAGS,
        summary: 'See a saga',
        description:
          'What it has done, what it awaits and until when, what went wrong, each attempt of each step, and what an operator can do now.',
        params,
        response: { 200: seen, 400: malformed, ...DENIALS, 404: missing },
      },
    },
    ({ params: { id } }) => detail(id),
  );

  app.get(
    '/sagas/:id/history',
    {
      schema: {
        operationId: 'getHistory',
        tags: TAGS,
        summary: 'See the whole history of a saga',
        description: 'Page by page from its end, each page oldest first, with all values as they are.',
        params,
        querystring: HistoryQuery,
        response: {
          200: answers('A page.', HistoryPageSchema, { items: detailExample.history, nextBefore: null }),
          400: malformed,
          ...DENIALS,
          404: missing,
        },
      },
    },
    async ({ params: { id }, query: { before = null, limit = 100 } }) =>
      historyPage(sagaView(await stored(id)).history, before, limit),
  );

  app.get(
    '/sagas/:id/undo-preview',
    {
      schema: {
        operationId: 'previewUndo',
        tags: TAGS,
        summary: 'See what compensating would do',
        description: 'The undos that would be sent, in order, by compensating or by giving up. Nothing is done.',
        params,
        querystring: UndoQuery,
        response: {
          200: answers('The undos.', UndoPreviewSchema, {
            allowed: true,
            reason: '',
            undos: [
              {
                step: 'restaurant_service.create_ticket',
                undo: 'restaurant_service.reject_ticket',
                local: false,
                because: 'succeeded',
                payload: {},
              },
            ],
          }),
          400: malformed,
          ...DENIALS,
          404: missing,
          409: refuses('Only another process knows its definition.', 'UNKNOWN_DEFINITION'),
        },
      },
    },
    async ({ params: { id }, query: { action } }) => {
      const saga = await stored(id);
      const definition = definitionOf(saga);
      if (!definition)
        throw new OperatorProblem(
          'UNKNOWN_DEFINITION',
          `${saga.instance.sagaName} version ${saga.instance.definitionVersion} is not run by this process.`,
        );
      return undoPreview(definition, saga.instance, action);
    },
  );

  for (const type of ['retry', 'compensate', 'skip', 'give-up'] as const) {
    const [operationId, summary, description] = DESCRIPTIONS[type];
    app.post(
      `/sagas/:id/${type}`,
      { schema: { operationId, tags: TAGS, summary, description, params, body: SteerBody, response: STEERED } },
      async ({ params: { id }, body: { operator, reason, version } }) => {
        await operate(id, { type, by: operator, reason, version });
        return detail(id);
      },
    );
  }

  app.post(
    '/sagas/:id/accept',
    {
      schema: {
        operationId: 'acceptOutcome',
        tags: TAGS,
        summary: 'Take a stuck step for done',
        description:
          'For a step that has had its effect, but whose answer is of no use: retrying it brings the same answer again. The given answer is applied in its place, and the saga goes on.',
        params,
        body: AcceptBody,
        response: { ...STEERED, 422: refuses("The answer breaks the reply's schema.", 'INVALID_PAYLOAD') },
      },
    },
    async ({ params: { id }, body: { operator, reason, version, reply } }) => {
      await operate(id, { type: 'accept', by: operator, reason, version, reply });
      return detail(id);
    },
  );

  app.post(
    '/sagas/:id/edit',
    {
      schema: {
        operationId: 'editCommand',
        tags: TAGS,
        summary: 'Change the awaited command',
        description:
          'Gives a parked or pausing command another payload, and sends it at once. Only where the service allows it.',
        params,
        body: EditBody,
        response: { ...STEERED, 422: refuses("The payload breaks the command's schema.", 'INVALID_PAYLOAD') },
      },
    },
    async ({ params: { id }, body: { operator, reason, version, payload } }) => {
      if (!allowEdit)
        throw new OperatorProblem('EDIT_NOT_ALLOWED', 'This service does not allow commands to be edited.');
      await operate(id, { type: 'edit', by: operator, reason, version, payload });
      return detail(id);
    },
  );
};

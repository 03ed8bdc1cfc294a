/** Routes that show one saga and steer it. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { OperatorAction } from 'saga-core';
import { isInstanceOf, addAuditEntry, sagaView, type StoredSaga } from 'saga-core/admin';
import type { OperatorConsoleOptions } from './options.js';
import { HttpProblem, PROBLEMS } from 'http-kit';
import { OPERATOR_PROBLEMS } from './operator-problems.js';
import { sagaDetail, undoPreview } from './saga-detail.js';
import { historyPage } from './saga-history.js';
import {
  acceptOutcomeSchema,
  actionSchema,
  editCommandSchema,
  getHistorySchema,
  getSagaSchema,
  PLAIN_ACTIONS,
  previewUndoSchema,
} from './saga-route-schemas.js';
import type { SagaDetail } from './schemas/index.js';

/**
 * Adds `GET /sagas/{id}`, its history, its undo preview, and `POST /sagas/{id}/retry`, `/compensate`, `/skip`,
 * `/give-up`, `/edit`, `/accept`.
 */
export const sagaRoutes: FastifyPluginAsyncTypebox<OperatorConsoleOptions> = async (
  app,
  { orchestrator, links = [], allowEdit = false },
) => {
  const definitionOf = ({ instance }: StoredSaga) =>
    orchestrator.definitions.find((definition) => isInstanceOf(definition, instance));
  const stored = async (id: string): Promise<StoredSaga> => {
    const saga = await orchestrator.stored(id);
    if (!saga) throw new HttpProblem(PROBLEMS.notFound, `There is no saga ${id}.`);
    return saga;
  };
  const detail = async (id: string): Promise<SagaDetail> => {
    const saga = await stored(id);
    return sagaDetail(saga, definitionOf(saga), { links, allowEdit });
  };

  const operate = async (id: string, action: OperatorAction): Promise<void> => {
    const { type, by: operator, reason, version } = action;
    const act = { operator, reason, action: type, sagaId: id.toLowerCase(), details: { version } };
    await orchestrator.operate(id, action, async (tx) => void (await addAuditEntry(tx, act)));
    app.log.info(act, 'an operator has acted');
  };

  app.get('/sagas/:id', { schema: getSagaSchema }, ({ params: { id } }) => detail(id));

  app.get(
    '/sagas/:id/history',
    { schema: getHistorySchema },
    async ({ params: { id }, query: { before = null, limit = 100 } }) =>
      historyPage(sagaView(await stored(id)).history, before, limit),
  );

  app.get('/sagas/:id/undo-preview', { schema: previewUndoSchema }, async ({ params: { id }, query: { action } }) => {
    const saga = await stored(id);
    const definition = definitionOf(saga);
    if (!definition)
      throw new HttpProblem(
        OPERATOR_PROBLEMS.unknownDefinition,
        `${saga.instance.sagaName} version ${saga.instance.definitionVersion} is not run by this process.`,
      );
    return undoPreview(definition, saga.instance, action);
  });

  for (const type of PLAIN_ACTIONS) {
    app.post(
      `/sagas/:id/${type}`,
      { schema: actionSchema(type) },
      async ({ params: { id }, body: { operator, reason, version } }) => {
        await operate(id, { type, by: operator, reason, version });
        return detail(id);
      },
    );
  }

  app.post(
    '/sagas/:id/accept',
    { schema: acceptOutcomeSchema },
    async ({ params: { id }, body: { operator, reason, version, reply } }) => {
      await operate(id, { type: 'accept', by: operator, reason, version, reply });
      return detail(id);
    },
  );

  app.post(
    '/sagas/:id/edit',
    { schema: editCommandSchema },
    async ({ params: { id }, body: { operator, reason, version, payload } }) => {
      if (!allowEdit)
        throw new HttpProblem(OPERATOR_PROBLEMS.editNotAllowed, 'This service does not allow commands to be edited.');
      await operate(id, { type: 'edit', by: operator, reason, version, payload });
      return detail(id);
    },
  );
};

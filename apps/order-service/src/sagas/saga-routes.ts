/** Sagas over HTTP: how an order is being decided. */
import { Type } from '@sinclair/typebox';
import type { Orchestrator, SagaView } from 'saga-core';
import { HttpProblem, PROBLEMS, type HttpApp } from 'service-kit';
import type { OrderDatabase } from '../database.js';
import { answers, malformedId, problem, refTo, unavailable } from '../openapi.js';
import { uuid } from '../orders/order-schemas.js';
import { runningSaga } from './saga-example.js';

const getSaga = {
  operationId: 'getSaga',
  tags: ['sagas'],
  summary: 'See a saga',
  description:
    'Gives what a saga has done, what it awaits and until when, and what went wrong: each attempt of each step, with times and reasons.',
  params: Type.Object({ id: uuid("The saga: an order's sagaId.", runningSaga.id) }),
  response: {
    200: answers('The saga.', refTo<SagaView>('Saga'), runningSaga),
    400: malformedId,
    404: problem('There is no saga of this id.', noSuchSaga(runningSaga.id)),
    503: unavailable,
  },
};

/** Adds `GET /sagas/{id}`. */
export function sagaRoutes(app: HttpApp, orchestrator: Pick<Orchestrator<OrderDatabase>, 'find'>): void {
  app.get('/sagas/:id', { schema: getSaga }, async (request) => {
    const saga = await orchestrator.find(request.params.id);
    if (!saga) throw noSuchSaga(request.params.id);
    return saga;
  });
}

function noSuchSaga(id: string): HttpProblem {
  return new HttpProblem(PROBLEMS.notFound, `There is no saga ${id}.`);
}

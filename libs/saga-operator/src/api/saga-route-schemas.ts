/** Of the routes of one saga: what is validated, and what the OpenAPI document says. */
import { PROBLEMS } from 'http-kit';
import { detailExample } from './examples.js';
import { OPERATOR_PROBLEMS } from './operator-problems.js';
import { ACCESS_PROBLEMS, jsonResponse, problemResponse, TAGS } from './response-docs.js';
import {
  AcceptBody,
  EditBody,
  HistoryPageSchema,
  HistoryQuery,
  idParams,
  SagaDetailSchema,
  ActionBody,
  UndoPreviewSchema,
  UndoQuery,
} from './schemas/index.js';

const params = idParams('The saga.');
const seen = jsonResponse('The saga.', SagaDetailSchema, detailExample);
const missing = problemResponse('There is no saga of this id.', PROBLEMS.notFound);
const malformed = problemResponse('The id is not a UUID, or the body breaks its schema.', PROBLEMS.invalidRequest);
const ACTION_RESPONSES = {
  200: seen,
  400: malformed,
  ...ACCESS_PROBLEMS,
  404: missing,
  409: problemResponse(
    'The saga has moved on since it was seen, or cannot do this now.',
    OPERATOR_PROBLEMS.sagaMovedOn,
  ),
};
/** Of the actions that take no more than who, why and the version: operation id, summary, description. */
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

/** `GET /sagas/{id}` */
export const getSagaSchema = {
  operationId: 'getSaga',
  tags: TAGS,
  summary: 'See a saga',
  description:
    'What it has done, what it awaits and until when, what went wrong, each attempt of each step, and what an ' +
    'operator can do now.',
  params,
  response: { 200: seen, 400: malformed, ...ACCESS_PROBLEMS, 404: missing },
};

/** `GET /sagas/{id}/history` */
export const getHistorySchema = {
  operationId: 'getHistory',
  tags: TAGS,
  summary: 'See the whole history of a saga',
  description: 'Page by page from its end, each page oldest first, with all values as they are.',
  params,
  querystring: HistoryQuery,
  response: {
    200: jsonResponse('A page.', HistoryPageSchema, { items: detailExample.history, nextBefore: null }),
    400: malformed,
    ...ACCESS_PROBLEMS,
    404: missing,
  },
};

/** `GET /sagas/{id}/undo-preview` */
export const previewUndoSchema = {
  operationId: 'previewUndo',
  tags: TAGS,
  summary: 'See what compensating would do',
  description: 'The undos that would be sent, in order, by compensating or by giving up. Nothing is done.',
  params,
  querystring: UndoQuery,
  response: {
    200: jsonResponse('The undos.', UndoPreviewSchema, {
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
    ...ACCESS_PROBLEMS,
    404: missing,
    409: problemResponse('Only another process knows its definition.', OPERATOR_PROBLEMS.unknownDefinition),
  },
};

/** `POST /sagas/{id}/accept` */
export const acceptOutcomeSchema = {
  operationId: 'acceptOutcome',
  tags: TAGS,
  summary: 'Take a stuck step for done',
  description:
    'For a step that has had its effect, but whose answer is of no use: retrying it brings the same answer ' +
    'again. The given answer is applied in its place, and the saga goes on.',
  params,
  body: AcceptBody,
  response: {
    ...ACTION_RESPONSES,
    422: problemResponse("The answer breaks the reply's schema.", OPERATOR_PROBLEMS.invalidPayload),
  },
};

/** `POST /sagas/{id}/edit` */
export const editCommandSchema = {
  operationId: 'editCommand',
  tags: TAGS,
  summary: 'Change the awaited command',
  description:
    'Gives a parked or pausing command another payload, and sends it at once. Only where the service allows it.',
  params,
  body: EditBody,
  response: {
    ...ACTION_RESPONSES,
    422: problemResponse("The payload breaks the command's schema.", OPERATOR_PROBLEMS.invalidPayload),
  },
};

/** Those that need no more than who, why and the version. */
export const PLAIN_ACTIONS = ['retry', 'compensate', 'skip', 'give-up'] as const;

/** `POST /sagas/{id}/retry`, `/compensate`, `/skip` and `/give-up` */
export function actionSchema(type: (typeof PLAIN_ACTIONS)[number]) {
  const [operationId, summary, description] = DESCRIPTIONS[type];
  return { operationId, tags: TAGS, summary, description, params, body: ActionBody, response: ACTION_RESPONSES };
}

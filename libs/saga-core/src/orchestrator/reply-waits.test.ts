import { Play, saga, SAGA_ID, success, toAuthorize } from '../engine/decide.fixture.js';
import type { SagaEvent } from '../engine/event.js';
import { replyWaits } from './reply-waits.js';

const TIMEOUT_MS = 1_000;
const reply = (more: object = {}): SagaEvent => ({
  type: 'reply',
  commandId: `${SAGA_ID}:4`,
  outcome: success(),
  redelivered: false,
  ...more,
});
const waitOf = (play: Play, event: SagaEvent, definition = saga) =>
  replyWaits([{ definition, instance: play.instance, events: [event] }], play.now)[0]?.waitedMs;

test('a reply was waited for since its command was sent', () => {
  const play = toAuthorize();
  play.now += 300;
  expect(waitOf(play, reply())).toBe(300);
  expect(waitOf(play, reply({ attempt: 1 }))).toBe(300);
});

test('one to an attempt whose time was up was waited for longer, where it tells', () => {
  const play = toAuthorize().deadline();
  play.now += 300;
  expect(waitOf(play, reply({ attempt: 1 }))).toBe(TIMEOUT_MS + 300);
  expect(waitOf(play, reply({ attempt: 2 }))).toBe(300);
  expect(waitOf(play, reply())).toBeUndefined();
  expect(waitOf(play, reply({ attempt: 3 }))).toBeUndefined();
});

test('what is no reply to the awaited command says nothing', () => {
  const play = toAuthorize();
  expect(waitOf(play, reply({ commandId: `${SAGA_ID}:3` }))).toBeUndefined();
  expect(waitOf(play, { type: 'deadline' })).toBeUndefined();
  expect(waitOf(new Play({ order: 'o1', broken: true }).reply(success()), reply())).toBeUndefined();
});

test('nor does one whose command had less time because the saga is late', () => {
  const hasty = { ...saga, deadlineMs: 500 };
  const play = new Play({ order: 'o1' }, hasty);
  play.now += 300;
  expect(waitOf(play, reply({ commandId: `${SAGA_ID}:2` }), hasty)).toBeUndefined();
});

import { Type } from '@sinclair/typebox';
import { defineCommand } from '../contract/command.js';
import { earlierVersion } from '../definition/earlier-version.js';
import { defineSaga } from '../definition/saga.js';
import { stepsFor } from '../definition/step.js';
import { orchestratorDocument } from './document.js';

const none = Type.Object({});
const command = (task: string) => defineCommand({ task, description: '', payload: none, reply: none, refusals: {} });
const { readOnly } = stepsFor<object>();
const step = (name: string) => readOnly({ command: command(`shop_service.${name}`), payload: () => ({}) });
const saga = defineSaga({ name: 'trip_saga', version: 2, data: none, steps: [step('look'), step('buy')] });

test('an orchestrator’s document names the commands of earlier versions, each command once', () => {
  const earlier = earlierVersion(saga, { version: 1, steps: ([first]) => [step('ask'), first!] });
  const messagesOf = (...definitions: (typeof saga)[]) =>
    Object.keys(orchestratorDocument('', '', saga, definitions).channels.commands!.messages as object);
  expect(messagesOf()).toEqual(['look', 'buy']);
  expect(messagesOf(earlier)).toEqual(['look', 'buy', 'ask']);
});

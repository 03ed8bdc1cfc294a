/**
 * A saga as it is simulated: the real steps, with local ones replaced by stand-ins on memory, and with fewer attempts.
 */
import { isRefusal } from '../contract/outcome.js';
import type { SagaDefinition } from '../definition/saga.js';
import {
  isRemote,
  type LocalAction,
  type LocalInput,
  type RemoteCommand,
  type StepCommand,
} from '../definition/step.js';
import { noteDone, noteUndone } from './effects.js';
import type { FaultDice } from './faults.js';
import type { MemoryTransaction } from './memory-transaction.js';
import { mayMisbehave } from './misbehaviour.js';
import { sagaNumber } from './story.js';

/** Stand-ins for local steps, by name; one that is missing has only its observed effect. */
export type LocalStandIns<Data> = Readonly<
  Record<string, (tx: MemoryTransaction, input: LocalInput<Data>) => Promise<unknown>>
>;

/**
 * @param attempts - the most attempts of a step, so that schedules reach the last one
 * @param dataSeen - told of the data that each step is given
 * @param dice - decides whether a local step misbehaves, after its effect
 * @returns the saga with its local steps replaced by stand-ins that note their effects
 */
export function withStandIns<Data>(
  saga: SagaDefinition<Data, never>,
  locals: LocalStandIns<Data>,
  attempts: number,
  dataSeen: (step: string, data: unknown) => void,
  dice: FaultDice,
): SagaDefinition<never, MemoryTransaction> {
  const standIn = (command: StepCommand<Data, never>, undoOf: string | null): StepCommand<Data, MemoryTransaction> => {
    const retry = { ...command.retry, attempts: Math.min(command.retry.attempts, attempts) };
    if (isRemote(command)) return { ...watched(command, dataSeen, dice), retry };
    const { name } = command.local;
    const replaced = locals[name];
    const local: LocalAction<Data, MemoryTransaction> = {
      name,
      handle: async (tx, input) => {
        dataSeen(name, input.data);
        const answer = await replaced?.(tx, input);
        if (isRefusal(answer)) return answer;
        if (undoOf === null) noteDone(tx, input.sagaId, name, name);
        else noteUndone(tx, input.sagaId, undoOf);
        mayMisbehave(dice, tx, 'orchestrator', `${name} (${sagaNumber(input.sagaId)})`);
        return answer as Partial<Data> | undefined;
      },
    };
    return { local, retry };
  };
  const steps = saga.steps.map((step) => ({
    ...step,
    action: standIn(step.action, null),
    undo: step.undo && standIn(step.undo, step.name),
  }));
  return { ...saga, steps };
}

function watched<Data>(
  command: RemoteCommand<Data>,
  dataSeen: (step: string, data: unknown) => void,
  dice: FaultDice,
): RemoteCommand<Data> {
  const { payload, onReply } = command;
  const { task } = command.command;
  return {
    ...command,
    payload: (data) => {
      dataSeen(task, data);
      const built = payload(data);
      const occasion = dice.occasion(`the payload of ${task}`);
      if (!occasion.happens('unserializable', () => `orchestrator: the payload of ${task} refers to itself`))
        return built;
      const circular: Record<string, unknown> = { ...(built as object) };
      circular.self = circular;
      return circular;
    },
    onReply:
      onReply &&
      ((data, reply) => {
        dataSeen(task, data);
        return onReply(data, reply);
      }),
  };
}

/** Tables in Markdown that tell of contracts and definitions. */
import { DEFAULT_ACTION_RETRY, type CommandContract, type SagaDefinition, type ServiceContract } from 'saga-core';

type Saga<Data, Tx> = Pick<SagaDefinition<Data, Tx>, 'steps'>;
type Command<Data, Tx> = SagaDefinition<Data, Tx>['steps'][number]['action'];

/** @returns a row for each step of a saga, in their order */
export function stepTable<Data, Tx>({ steps }: Saga<Data, Tx>): string {
  return table(
    ['#', 'step', 'kind', 'undone by'],
    steps.map(({ kind, action, undo }, index) => [
      String(index + 1),
      `${nameOf(action)}${kind === 'retriable' ? '' : patienceOf(action)}`,
      kind,
      undo ? `${nameOf(undo)}${kind === 'pivot' ? ', while its outcome is unknown' : ''}` : '–',
    ]),
  );
}

/** @returns a row for each command of a service, for those who wonder what it does */
export function handledTable({ commands }: ServiceContract): string {
  return table(
    ['command', 'does', 'refusals'],
    Object.values(commands).map((contract) => [
      `\`${contract.task}\``,
      `${contract.description}${contract.undoes ? ` Undoes ${shortName(contract.undoes)}.` : ''}`,
      refusalsOf(contract),
    ]),
  );
}

/** @returns a row for each command of some services, for those who send it or wait for its reply */
export function contractTable(services: readonly ServiceContract[]): string {
  return table(
    ['command', 'reply', 'refusals'],
    services
      .flatMap(({ commands }) => Object.values(commands))
      .map((contract) => [
        `\`${contract.task}\` ${fieldsOf(contract.payload)}${contract.undoes ? `, undoes ${shortName(contract.undoes)}` : ''}`,
        fieldsOf(contract.reply),
        refusalsOf(contract),
      ]),
  );
}

function nameOf<Data, Tx>(command: Command<Data, Tx>): string {
  return 'command' in command ? `\`${command.command.task}\`` : `\`${command.local.name}\` (here)`;
}

/** How long a step is tried, where that is not the default. */
function patienceOf<Data, Tx>({ retry: { attempts, replyTimeoutMs } }: Command<Data, Tx>): string {
  const usual = DEFAULT_ACTION_RETRY;
  if (attempts === usual.attempts && replyTimeoutMs === usual.replyTimeoutMs) return '';
  return `, ${attempts} ${attempts === 1 ? 'try' : 'tries'} of ${replyTimeoutMs / 1_000} s`;
}

const shortName = ({ task }: CommandContract): string => task.slice(task.indexOf('.') + 1);

const fieldsOf = ({ properties }: CommandContract['payload']): string =>
  `{${Object.keys((properties ?? {}) as object).join(', ')}}`;

const refusalsOf = ({ refusals }: CommandContract): string => Object.keys(refusals).join(', ') || '–';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const [first, ...others] = [head, ...rows].map((cells) => `| ${cells.join(' | ')} |\n`);
  return [first, `|${head.map(() => '---|').join('')}\n`, ...others].join('');
}

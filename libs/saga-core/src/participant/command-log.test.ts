import pino from 'pino';
import { commandLog, type CommandLog } from './command-log.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const command = {
  received: {
    commandId: 'a saga:1',
    sagaId: 'a saga',
    task: 'depot.ship',
    attempt: 2,
    payload: { parcelId: 'p1', secret: 'x' },
  },
  traceparent: `00-${traceId}-b7ad6b7169203331-00`,
};
const parcel = ({ parcelId }: { parcelId: string }) => ({ parcelId });

function linesOf(level: string, tell: (log: CommandLog) => void, logFields = parcel): Record<string, unknown>[] {
  const lines: string[] = [];
  const logger = pino({ level }, { write: (line: string) => void lines.push(line) });
  tell(commandLog(logger, logFields));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
const fail = (log: CommandLog) => log.failed(command, new Error('no van'));

it('says with each line which saga, business key, task, attempt, command and trace it concerns, and nothing else of the payload', () => {
  const told = {
    sagaId: 'a saga',
    parcelId: 'p1',
    task: 'depot.ship',
    attempt: 2,
    commandId: 'a saga:1',
    trace_id: traceId,
  };
  const [failed, handled] = linesOf('debug', (log) => {
    fail(log);
    log.handled(command, 'success');
  });
  expect(failed).toMatchObject({ ...told, level: 50, err: { message: 'no van' } });
  expect(handled).toMatchObject({ ...told, level: 20, fate: 'success' });
  expect([failed, handled].filter((line) => line !== undefined && 'secret' in line)).toEqual([]);
});

it('tells of what is as it should be only to those who debug', () => {
  expect(linesOf('info', (log) => log.handled(command, 'success'))).toEqual([]);
});

it('logs on when the business keys cannot be had', () => {
  const broken = () => {
    throw new Error('no parcel');
  };
  expect(linesOf('info', fail, broken)).toEqual([
    expect.objectContaining({ sagaId: 'a saga', logFieldsError: 'no parcel' }),
  ]);
});

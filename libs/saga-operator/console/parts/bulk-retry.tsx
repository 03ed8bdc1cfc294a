/** Retries many sagas, after a look at which. */
import { useEffect, useState } from 'preact/hooks';
import type { BulkFilter, BulkOperation, SagaSummary } from '../../src/api/schemas/index.js';
import { post, type ApiError } from '../lib/api.js';
import { rememberedName } from '../lib/operator.js';
import { navigate } from '../lib/router.js';
import type { DialogAction } from './action-dialog.js';
import { SagaTable } from './saga-table.js';
import { Failed } from './fetch-states.js';

const PER_SECOND = 20;

/** @returns the dialog's questions, and what is done after them: the operation is begun, and shown. */
export function bulkRetry(filter: BulkFilter): DialogAction {
  let perSecond = PER_SECOND;
  return {
    title: 'Retry all of these',
    verb: 'Retry all',
    body: (
      <>
        <DryRun filter={filter} />
        <label>
          At most so many a second
          <input
            type="number"
            name="perSecond"
            min={1}
            max={1_000}
            required
            defaultValue={String(PER_SECOND)}
            onInput={({ currentTarget }) => (perSecond = Number(currentTarget.value))}
          />
        </label>
      </>
    ),
    run: async (who) => {
      await post<BulkOperation>('sagas/bulk-operations', { ...who, action: 'retry', filter, perSecond });
      navigate('/operations');
    },
  };
}

interface Matches {
  readonly matches: number;
  readonly sample: readonly SagaSummary[];
}

function DryRun({ filter }: { filter: BulkFilter }) {
  const [found, setFound] = useState<Matches | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    const who = { operator: rememberedName().trim() || 'not asked yet', reason: 'to see what matches' };
    post<Matches>('sagas/bulk-operations', { ...who, action: 'retry', filter, dryRun: true }).then(setFound, setError);
  }, [filter]);
  if (error) return <Failed error={error} />;
  if (!found) return <p role="status">Looking for what matches …</p>;
  return (
    <>
      <p>
        <strong>{found.matches.toLocaleString()}</strong> {found.matches === 1 ? 'saga matches' : 'sagas match'}: stuck
        {filter.step && (
          <>
            {' '}
            at <code>{filter.step}</code>
          </>
        )}
        {filter.code && (
          <>
            {' '}
            with <code>{filter.code}</code>
          </>
        )}
        {filter.message && <> and “{filter.message}”</>}. Those that move on before their turn are left alone.
      </p>
      {found.sample.length > 0 && (
        <details>
          <summary>Look at some of them</summary>
          <SagaTable sagas={found.sample} caption="Some of the sagas that match" />
        </details>
      )}
    </>
  );
}

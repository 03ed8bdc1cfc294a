/** What operators did, newest first. */
import type { AuditPage } from '../../src/api/schemas/index.js';
import { shortId, time, humanize } from '../lib/format.js';
import { useFetch } from '../lib/hooks.js';
import { Json } from './primitives.js';
import { Empty, Show } from './fetch-states.js';

const EVERY_MS = 5_000;
const SHOWN = 20;

export function AuditLog() {
  const entries = useFetch<AuditPage>(`sagas/audit?limit=${SHOWN}`, EVERY_MS);
  return (
    <section class="card" aria-labelledby="audit-title">
      <h2 id="audit-title">What operators did lately</h2>
      <Show of={entries}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>Nothing yet.</Empty>
          ) : (
            <table class="rows">
              <caption class="hidden">What operators did, newest first</caption>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Who</th>
                  <th scope="col">What</th>
                  <th scope="col">To</th>
                  <th scope="col">Why</th>
                </tr>
              </thead>
              <tbody>
                {items.map(({ id, at, operator, action, sagaId, reason, details }) => (
                  <tr key={id}>
                    <td data-label="When" class="whole">
                      {time(at)}
                    </td>
                    <td data-label="Who">{operator}</td>
                    <td data-label="What">{humanize(action)}</td>
                    <td data-label="To">
                      {sagaId ? (
                        <a href={`#/sagas/${sagaId}`}>{shortId(sagaId)}</a>
                      ) : (
                        <Json title="Which" value={details} />
                      )}
                    </td>
                    <td data-label="Why">{reason}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Show>
    </section>
  );
}

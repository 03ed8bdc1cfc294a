/** What operators did, newest first. */
import type { Acts } from '../../src/api/schemas/index.js';
import { shortId, time, words } from '../lib/format.js';
import { useLoad } from '../lib/use-load.js';
import { Json } from './small.js';
import { Empty, Show } from './states.js';

const EVERY_MS = 5_000;
const SHOWN = 20;

export function ActsSection() {
  const acts = useLoad<Acts>(`sagas/audit?limit=${SHOWN}`, EVERY_MS);
  return (
    <section class="card" aria-labelledby="acts-title">
      <h2 id="acts-title">What operators did lately</h2>
      <Show of={acts}>
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
                    <td data-label="What">{words(action)}</td>
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

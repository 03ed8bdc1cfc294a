/** Starts sagas from the page, to see what becomes of them. */
import { useState } from 'preact/hooks';
import type { SagaSummary } from '../../src/api/schemas/index.js';
import type { TryIt } from '../../src/api/page-routes.js';
import { post, type ApiError } from '../lib/api.js';
import { bodyOf, fieldsOf } from '../lib/fields.js';
import { StartedSaga } from './started-saga.js';
import { Failed } from './fetch-states.js';

const MOST = 8;
interface Started {
  readonly id: string;
  readonly title: string;
}
// Outlives the screen: whoever looks at a saga and comes back finds the others.
let kept: readonly Started[] = [];

/**
 * @param changes - the latest of each saga that changed lately, by id
 * @param missed - how often changes were left out
 */
export function TryItSection({
  tryIt,
  changes,
  missed,
}: {
  tryIt: TryIt;
  changes: ReadonlyMap<string, SagaSummary>;
  missed: number;
}) {
  const [started, setStarted] = useState(kept);
  const [filled, setFilled] = useState<Record<string, string>>({});
  const [error, setError] = useState<ApiError | null>(null);

  const start = async (title: string, body: unknown): Promise<void> => {
    try {
      const answer = await post<Record<string, string>>(tryIt.url, body);
      kept = [{ id: answer[tryIt.sagaIdField]!, title }, ...kept].slice(0, MOST);
      setStarted(kept);
      setError(null);
    } catch (failed) {
      setError(failed as ApiError);
    }
  };
  const any = () => {
    const { title, body } = tryIt.scenarios[Math.floor(Math.random() * tryIt.scenarios.length)]!;
    return start(title, body);
  };
  return (
    <section aria-labelledby="try-title" class="card try">
      <h2 id="try-title">Try it: {tryIt.title.toLowerCase()}</h2>
      <div class="scenarios" role="group" aria-label="Scenarios">
        {tryIt.scenarios.map(({ title, ends, body }) => (
          <button key={title} type="button" title={ends} onClick={() => void start(title, body)}>
            <strong>{title}</strong>
            <small>{ends}</small>
          </button>
        ))}
        <button type="button" class="random" onClick={() => void any()}>
          <strong>Random</strong>
          <small>Any of these.</small>
        </button>
      </div>
      <details>
        <summary>With values of your own</summary>
        <form
          class="fields"
          onSubmit={(event) => {
            event.preventDefault();
            void start('Your own', bodyOf(tryIt.example, filled));
          }}
        >
          {fieldsOf(tryIt.example).map(({ path, label, value }) => {
            const field = {
              name: path,
              required: true,
              value: filled[path] ?? value,
              onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) =>
                setFilled({ ...filled, [path]: currentTarget.value }),
            };
            return (
              <label key={path}>
                {label}
                {typeof value === 'number' ? <input type="number" {...field} /> : <input {...field} />}
              </label>
            );
          })}
          <button type="submit" class="primary">
            {tryIt.title}
          </button>
        </form>
      </details>
      {error && <Failed error={error} />}
      <ol class="started" aria-label="Started from here" aria-live="polite">
        {started.map(({ id, title }) => (
          <StartedSaga key={id} id={id} title={title} version={changes.get(id)?.version ?? 0} missed={missed} />
        ))}
      </ol>
    </section>
  );
}

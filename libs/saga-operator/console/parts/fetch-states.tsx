/** What a page shows while there is nothing else to show. */
import type { ComponentChildren } from 'preact';
import type { ApiError } from '../lib/api.js';
import { explain } from '../lib/operator.js';

/** Something went wrong, in words, with a way to try again. */
export function Failed({ error, again }: { error: { code: string; message: string }; again?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <p>{explain(error)}</p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** There is nothing, and that is all right. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

interface Props<Body> {
  of: { value: Body | null; error: ApiError | null; reload: () => void };
  children: (value: Body) => ComponentChildren;
}

/** Shows what was loaded; until then that it loads, and beside it what went wrong since. */
export function Show<Body>({ of: { value, error, reload }, children }: Props<Body>) {
  return (
    <>
      {error && <Failed error={error} again={reload} />}
      {value !== null && children(value)}
      {value === null && !error && (
        <p class="loading" role="status">
          Loading …
        </p>
      )}
    </>
  );
}

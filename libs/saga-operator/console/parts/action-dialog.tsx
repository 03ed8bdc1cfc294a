/** Asks who and why before anything is done. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../lib/api.js';
import { rememberedName, rememberName } from '../lib/operator.js';
import { Failed } from './fetch-states.js';

export interface DialogAction {
  readonly title: string;
  /** The word on the button. */
  readonly verb: string;
  readonly danger?: boolean;
  /** What will happen, in words, and whatever else must be filled in. */
  readonly body: ComponentChildren;
  /** Does it. @throws {ApiError} which is shown, and the dialog stays */
  run(who: { operator: string; reason: string }): Promise<void>;
}

/** A dialog of the browser: it keeps the focus, gives it back, and closes with Escape. */
export function ActionDialog({ action, onClose }: { action: DialogAction; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [operator, setOperator] = useState(rememberedName);
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => dialog.current?.showModal(), []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    rememberName(operator.trim());
    try {
      await action.run({ operator: operator.trim(), reason: reason.trim() });
      dialog.current?.close();
    } catch (failed) {
      setError(failed as ApiError);
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="action-title" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="action-title">{action.title}</h2>
        <div class="action-body">{action.body}</div>
        <label>
          Your name
          <input
            name="operator"
            required
            maxLength={100}
            pattern=".*\S.*"
            autocomplete="name"
            value={operator}
            autofocus={operator === ''}
            onInput={(event) => setOperator(event.currentTarget.value)}
          />
        </label>
        <label>
          Reason, kept in the history
          <input
            name="reason"
            required
            maxLength={500}
            pattern=".*\S.*"
            value={reason}
            autofocus={operator !== ''}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        {error && <Failed error={error} />}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={action.danger ? 'danger' : 'primary'} disabled={busy}>
            {busy ? 'Working …' : action.verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** Asks for the operator's token. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { keepToken } from '../lib/api.js';

export function TokenDialog({ onGiven, onClose }: { onGiven: () => void; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [token, setToken] = useState('');
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="token-title" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          keepToken(token.trim());
          onGiven();
        }}
      >
        <h2 id="token-title">Operator token</h2>
        <p>
          Sagas are for operators. Give the service’s <code>OPERATOR_TOKEN</code>; this tab keeps it until it is closed.
        </p>
        <label>
          Token
          <input
            type="password"
            name="token"
            required
            autofocus
            autocomplete="current-password"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Let me in
          </button>
        </div>
      </form>
    </dialog>
  );
}

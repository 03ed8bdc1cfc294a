/** What an operator can do to a saga, and the questions before it is done. */
import { useState } from 'preact/hooks';
import type { SagaDetail, UndoPreview } from '../../src/api/schemas/index.js';
import { ApiError, post } from '../lib/api.js';
import { taskName } from '../lib/format.js';
import { useFetch } from '../lib/hooks.js';
import type { DialogAction } from './action-dialog.js';
import { Json } from './primitives.js';
import { Show } from './fetch-states.js';

interface Props {
  saga: SagaDetail;
  onAction: (action: DialogAction) => void;
  onDone: (saga: SagaDetail) => void;
}
type Action = 'retry' | 'compensate' | 'skip' | 'edit' | 'accept' | 'give-up';

export function SagaActions({ saga, onAction, onDone }: Props) {
  const { allowed, id, version } = saga;
  const step = saga.awaited ? taskName(saga.awaited.step) : '';
  if (!Object.values(allowed).some(Boolean)) return null;

  // The version that was seen when the dialog was opened: whatever happens meanwhile makes it a 409, and not a
  // surprise.
  const doing = (action: Action, more: () => object = () => ({})): DialogAction['run'] => {
    return async (who) => onDone(await post<SagaDetail>(`sagas/${id}/${action}`, { ...who, version, ...more() }));
  };
  const retry = () =>
    onAction({
      title: `Retry ${step} now`,
      verb: 'Retry now',
      body: (
        <p>
          The command is sent again at once, under its old identity: should it have had its effect, it has it no second
          time.
        </p>
      ),
      run: doing('retry'),
    });
  const compensate = () =>
    onAction({
      title: 'Compensate',
      verb: 'Compensate',
      danger: true,
      body: <Preview id={id} action="compensate" />,
      run: doing('compensate'),
    });
  const skip = () =>
    onAction({
      title: `Skip ${step}`,
      verb: 'Skip the step',
      danger: true,
      body: (
        <p>
          The saga goes on as if <code>{step}</code> were done. It is not: what it should have done is left to you.
        </p>
      ),
      run: doing('skip'),
    });
  const accept = () => {
    let text = JSON.stringify(uselessReplyOf(saga) ?? {}, null, 2);
    onAction({
      title: `Accept ${step}`,
      verb: 'Take it for done',
      danger: true,
      body: (
        <>
          <p>
            For a step that has had its effect, but answers what is of no use: retrying it brings the same answer again.
            The saga goes on as if <code>{step}</code> had answered this. Nothing is sent to the participant.
          </p>
          <JsonField
            label="Answer, as JSON. It is checked against the reply’s schema."
            initial={text}
            onInput={(changed) => (text = changed)}
          />
        </>
      ),
      run: doing('accept', () => ({ reply: parsed(text) })),
    });
  };
  const giveUp = () =>
    onAction({
      title: `Give up ${step}`,
      verb: 'Give it up',
      danger: true,
      body: (
        <>
          <p>
            <code>{step}</code> has had its effect, and there is only forward from it. Given up, it is undone all the
            same, and so is all before it.
          </p>
          <Preview id={id} action="give-up" />
        </>
      ),
      run: doing('give-up'),
    });
  const edit = () => {
    let text = JSON.stringify(saga.payload, null, 2);
    onAction({
      title: `Edit ${step} and send it`,
      verb: 'Change and send',
      danger: true,
      body: (
        <JsonField
          label="Payload, as JSON. It is checked against the command’s schema, and keeps the command’s identity."
          initial={text}
          onInput={(changed) => (text = changed)}
        />
      ),
      run: doing('edit', () => ({ payload: parsed(text) })),
    });
  };
  return (
    <div class="buttons actions" role="group" aria-label="What you can do">
      {allowed.retry && (
        <button type="button" class="primary" onClick={retry}>
          Retry now
        </button>
      )}
      {allowed.compensate && (
        <button type="button" onClick={compensate}>
          Compensate …
        </button>
      )}
      {allowed.skip && (
        <button type="button" onClick={skip}>
          Skip the step …
        </button>
      )}
      {allowed.accept && (
        <button type="button" onClick={accept}>
          Accept the outcome …
        </button>
      )}
      {allowed.giveUp && (
        <button type="button" onClick={giveUp}>
          Give it up …
        </button>
      )}
      {allowed.edit && (
        <button type="button" onClick={edit}>
          Edit the command …
        </button>
      )}
    </div>
  );
}

/**
 * @returns what the participant answered last that was of no use, as far as it was kept: whoever mends it begins with
 * it
 */
const uselessReplyOf = ({ history, awaited }: SagaDetail): unknown =>
  history.findLast(({ commandId, type }) => commandId === awaited?.commandId && type === 'step_failed')?.reply;

function Preview({ id, action }: { id: string; action: 'compensate' | 'give-up' }) {
  const preview = useFetch<UndoPreview>(`sagas/${id}/undo-preview?action=${action}`);
  return (
    <Show of={preview}>
      {({ allowed, reason, undos }) => (
        <>
          {!allowed && <p>{reason}</p>}
          {allowed && <p>{undos.length === 0 ? 'Nothing has to be undone.' : 'These undos are run, in this order:'}</p>}
          <ol class="undos">
            {undos.map(({ step, undo, local, because, payload }) => (
              <li key={step}>
                <code>{taskName(undo)}</code>
                <small>
                  {' '}
                  {because === 'succeeded' ? `undoes ${taskName(step)}` : `in case ${taskName(step)} had its effect`}
                  {local ? ', local' : ''}
                </small>
                {payload !== null && <Json title="Payload" value={payload} />}
              </li>
            ))}
          </ol>
        </>
      )}
    </Show>
  );
}

function JsonField({ label, initial, onInput }: { label: string; initial: string; onInput: (text: string) => void }) {
  const [text, setText] = useState(initial);
  return (
    <label>
      {label}
      <textarea
        name="json"
        class="mono"
        rows={10}
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          onInput(currentTarget.value);
        }}
      />
    </label>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError(0, 'NO_JSON', `That is no JSON: ${(error as Error).message}`);
  }
}

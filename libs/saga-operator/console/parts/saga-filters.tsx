/** Which sagas are shown: kept in the address, so that a list can be passed on. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Definition } from '../../src/api/schemas/index.js';
import { query as queryOf } from '../lib/api.js';
import { navigate } from '../lib/router.js';

const STATUSES = ['running', 'compensating', 'completed', 'compensated', 'stuck'];
const SORTS = [
  ['', 'newest first'],
  ['stalest', 'longest unchanged first'],
  ['attempts', 'most attempts first'],
] as const;
const AGES = [
  ['', 'any'],
  ['60', 'a minute or older'],
  ['3600', 'an hour or older'],
  ['86400', 'a day or older'],
] as const;

interface Props {
  query: Readonly<Record<string, string>>;
  definitions: readonly Definition[];
}

export function SagaFilters({ query, definitions }: Props) {
  const [text, setText] = useState(query.q ?? '');
  const show = (change: Readonly<Record<string, string>>) => navigate(`/sagas${queryOf({ ...query, ...change })}`);
  const select = (name: string, label: string, options: ComponentChildren) => (
    <label>
      {label}
      <select
        name={name}
        value={query[name] ?? ''}
        onChange={({ currentTarget }) => show({ [name]: currentTarget.value })}
      >
        {options}
      </select>
    </label>
  );
  const any = <option value="">any</option>;
  const chosen = definitions.filter(({ name }) => !query.saga || query.saga === name);
  const steps = [
    ...new Set(chosen.flatMap((each) => each.steps.flatMap(({ name, undo }) => [name, ...(undo ? [undo] : [])]))),
  ];
  // What the address asks for can be chosen, also when this process does not know it.
  if (query.step && !steps.includes(query.step)) steps.push(query.step);
  return (
    <form
      role="search"
      aria-label="Sagas"
      class="card fields filters"
      onSubmit={(event) => {
        event.preventDefault();
        show({ q: text.trim() });
      }}
    >
      <label class="wide">
        Saga id, order id, or data.field:value
        <input
          type="search"
          name="q"
          placeholder="data.consumerId:70"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      {select('status', 'Status', [any, ...STATUSES.map((status) => <option key={status}>{status}</option>)])}
      {definitions.length > 1 &&
        select('saga', 'Saga', [any, ...definitions.map(({ name }) => <option key={name}>{name}</option>)])}
      {select('step', 'Awaited step', [any, ...steps.map((step) => <option key={step}>{step}</option>)])}
      {select(
        'minAgeSeconds',
        'Age',
        AGES.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        )),
      )}
      <label>
        Attempts, at least
        <input
          type="number"
          name="minAttempts"
          min={1}
          value={query.minAttempts ?? ''}
          onChange={({ currentTarget }) => show({ minAttempts: currentTarget.value })}
        />
      </label>
      {select(
        'sort',
        'Order',
        SORTS.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        )),
      )}
      <div class="buttons">
        <button type="submit" class="primary">
          Search
        </button>
        <button type="button" onClick={() => navigate('/sagas')}>
          Clear
        </button>
      </div>
    </form>
  );
}

/** The frame around the screens: where one is, where one can go, and the question for the token. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ConsolePage } from '../src/api/page-routes.js';
import { whenUnauthorized } from './lib/api.js';
import { useRoute, type Route } from './lib/router.js';
import { useFetch } from './lib/hooks.js';
import { Empty } from './parts/fetch-states.js';
import { TokenDialog } from './parts/token-dialog.js';
import { DeadLettersScreen, DeadLetterQueueScreen } from './screens/dead-letters.js';
import { FailuresScreen } from './screens/failures.js';
import { HomeScreen } from './screens/home.js';
import { OperationsScreen } from './screens/operations.js';
import { SagaScreen } from './screens/saga.js';
import { SagasScreen } from './screens/sagas.js';

const NAVIGATION = [
  ['', 'Overview'],
  ['sagas', 'Sagas'],
  ['failures', 'Failures'],
  ['dead-letters', 'Dead letters'],
  ['operations', 'Operations'],
] as const;

function screenOf(route: Route, page: ConsolePage | null): [title: string, screen: ComponentChildren] {
  const [first, second] = route.path;
  if (first === undefined) return ['Overview', <HomeScreen tryIt={page?.tryIt} />];
  if (first === 'sagas' && second === undefined) return ['Sagas', <SagasScreen route={route} />];
  if (first === 'sagas' && second !== undefined) return ['Saga', <SagaScreen key={second} id={second} />];
  if (first === 'failures') return ['Failures', <FailuresScreen route={route} />];
  if (first === 'dead-letters' && second === undefined) return ['Dead letters', <DeadLettersScreen />];
  if (first === 'dead-letters' && second !== undefined)
    return ['Dead letters', <DeadLetterQueueScreen key={second} queue={second} />];
  if (first === 'operations') return ['Operations', <OperationsScreen />];
  return ['Nothing here', <Empty>There is no such page.</Empty>];
}

export function App() {
  const route = useRoute();
  const page = useFetch<ConsolePage>('console.json').value;
  const [asksToken, setAsksToken] = useState(false);
  const [round, setRound] = useState(0);
  const main = useRef<HTMLElement>(null);
  const [title, screen] = screenOf(route, page);
  const at = route.path.join('/');
  const shown = useRef(at);

  useEffect(() => whenUnauthorized(() => setAsksToken(true)), []);
  useEffect(() => {
    document.title = `${title} · ${page?.title ?? 'Sagas'}`;
  }, [title, page]);
  useEffect(() => {
    // Whoever cannot see that the page is another one is told by the focus.
    if (shown.current !== at) main.current?.focus();
    shown.current = at;
  }, [at]);

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="#/">
          {page?.title ?? 'Sagas'}
        </a>
        <nav aria-label="Main">
          {NAVIGATION.map(([to, name]) => (
            <a key={to} href={`#/${to}`} aria-current={(route.path[0] ?? '') === to ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
      </header>
      <main id="main" ref={main} tabIndex={-1} key={round}>
        <h1>{title}</h1>
        {screen}
      </main>
      {asksToken && (
        <TokenDialog
          onClose={() => setAsksToken(false)}
          onGiven={() => {
            setAsksToken(false);
            setRound(round + 1);
          }}
        />
      )}
    </>
  );
}

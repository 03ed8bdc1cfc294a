/** Where the reader is: the part of the address behind `#`, so that any server of static files will do. */
import { useEffect, useState } from 'preact/hooks';

export interface Route {
  /** `['sagas', '<id>']` for `#/sagas/<id>`. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

function currentRoute(): Route {
  const [path = '', search = ''] = location.hash.replace(/^#\/?/, '').split('?');
  return {
    path: path.split('/').filter(Boolean).map(decodeURIComponent),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

/** @returns the route, also when it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(currentRoute);
  useEffect(() => {
    const onChange = () => setRoute(currentRoute());
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return route;
}

/** Goes elsewhere: `/sagas/<id>`. */
export function navigate(to: string): void {
  location.hash = to;
}

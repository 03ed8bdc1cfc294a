/** Where the reader is: the part of the address behind `#`, so that any server of static files will do. */
import { useEffect, useState } from 'preact/hooks';

export interface Place {
  /** `['sagas', '<id>']` for `#/sagas/<id>`. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

function placeNow(): Place {
  const [path = '', search = ''] = location.hash.replace(/^#\/?/, '').split('?');
  return {
    path: path.split('/').filter(Boolean).map(decodeURIComponent),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

/** @returns the place, also when it changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(placeNow);
  useEffect(() => {
    const onChange = () => setPlace(placeNow());
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return place;
}

/** Goes elsewhere: `/sagas/<id>`. */
export function go(to: string): void {
  location.hash = to;
}

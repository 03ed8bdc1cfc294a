/** The operator's console: a page without a server of its own, beside the operator's API. */
import { render } from 'preact';
import { App } from './app.js';
import { takeToken } from './lib/api.js';

takeToken();
// A link that is opened in a tab which shows the page already.
addEventListener('hashchange', () => takeToken() && location.reload());
render(<App />, document.getElementById('app')!);

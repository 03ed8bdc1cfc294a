/** The operator's console: a page without a server of its own, beside the operator's API. */
import { render } from 'preact';
import { App } from './app.js';

render(<App />, document.getElementById('app')!);

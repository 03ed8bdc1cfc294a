import { run } from './command.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** What a person can do when there is none. */
export const NO_CHROMIUM = 'Chromium is needed: "apt-get install chromium", or any Chrome in the PATH';

/** @returns {Promise<string | undefined>} a Chromium or Chrome that starts */
export async function findChromium() {
  for (const name of NAMES) {
    // Ubuntu's chromium-browser may be a script that only tells of a snap.
    if ((await run(name, ['--version'], { timeoutMs: 20_000 })).code !== 0) continue;
    const { code, output } = await run('sh', ['-c', `command -v ${name}`], { timeoutMs: 20_000 });
    if (code === 0) return output.trim();
  }
  return undefined;
}

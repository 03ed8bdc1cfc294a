import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 1_000;
/** The broker's figures are some seconds late: those that have not changed for so many looks are final. */
const STILL_LOOKS = 6;

/** @returns how many messages the broker has taken from publishers since it began */
export async function publishedMessages(managementUrl: string): Promise<number> {
  const { username, password, origin } = new URL(managementUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const read = async (): Promise<number> => {
    const response = await fetch(`${origin}/api/overview`, { headers: { authorization } });
    const { message_stats: counts } = (await response.json()) as { message_stats?: { publish?: number } };
    return counts?.publish ?? 0;
  };
  let last = await read();
  for (let still = 0; still < STILL_LOOKS;) {
    await sleep(EVERY_MS);
    const now = await read();
    still = now === last ? still + 1 : 0;
    last = now;
  }
  return last;
}

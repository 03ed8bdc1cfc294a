import { management } from './broker-probe.mjs';

/** Everything that the system declares at a broker begins with one of these. */
const OURS = /^(saga|create_order_saga|(order|consumer|restaurant|accounting)_service)\./;

/**
 * Deletes the system's queues and exchanges from a virtual host, through the management API.
 * @returns {Promise<number>} how many
 */
export async function deleteTopology(managementUrl, vhost) {
  let deleted = 0;
  for (const kind of ['queues', 'exchanges']) {
    const all = `/${kind}/${encodeURIComponent(vhost)}`;
    const response = await management(managementUrl, all);
    if (!response.ok) throw new Error(`the management API answers ${response.status} to GET ${all}`);
    for (const { name } of (await response.json()).filter((item) => OURS.test(item.name))) {
      const one = `${all}/${encodeURIComponent(name)}`;
      const { ok, status } = await management(managementUrl, one, { method: 'DELETE' });
      if (!ok && status !== 404) throw new Error(`the management API answers ${status} to DELETE ${one}`);
      deleted++;
    }
  }
  return deleted;
}

import { management } from './broker-probe.mjs';
import { run } from './command.mjs';
import { splitUrls, withVhost } from './urls.mjs';

/**
 * Makes a virtual host at a broker that others use as well.
 * @param {{url: string, managementUrl?: string}} broker
 * @param {string} name
 * @returns {Promise<{url: string, remove(): Promise<void>} | undefined>} undefined when this user cannot, or there is no way to
 */
export async function createVhost({ url, managementUrl }, name) {
  const url0 = splitUrls(url)[0];
  const user = decodeURIComponent(new URL(url0).username) || 'guest';
  const tools = [
    managementUrl && byManagementApi(managementUrl, name, user),
    isHere(url0) && byRabbitmqctl(name, user),
  ];
  for (const tool of tools.filter(Boolean)) {
    if (await tool.create()) {
      const ownUrl = withVhost(url, name);
      if (await canOpen(ownUrl)) return { url: ownUrl, remove: tool.remove };
      await tool.remove(); // rabbitmqctl may have spoken to another node
    }
  }
  return undefined;
}

function byManagementApi(managementUrl, name, user) {
  const vhost = `/vhosts/${encodeURIComponent(name)}`;
  const permissions = `/permissions/${encodeURIComponent(name)}/${encodeURIComponent(user)}`;
  const put = async (path, body) => (await management(managementUrl, path, { method: 'PUT', body })).ok;
  return {
    create: async () => (await put(vhost, {})) && put(permissions, { configure: '.*', write: '.*', read: '.*' }),
    remove: async () => {
      await management(managementUrl, vhost, { method: 'DELETE' });
    },
  };
}

function byRabbitmqctl(name, user) {
  const ctl = async (...args) => (await run('rabbitmqctl', ['--quiet', ...args], { timeoutMs: 20_000 })).code === 0;
  return {
    create: async () =>
      (await ctl('add_vhost', name)) && ctl('set_permissions', '--vhost', name, user, '.*', '.*', '.*'),
    remove: async () => {
      await ctl('delete_vhost', name);
    },
  };
}

function isHere(amqpUrl) {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(amqpUrl).hostname);
}

/** Whether one of the URLs can be connected to. */
async function canOpen(amqpUrls) {
  const { default: amqp } = await import('amqplib');
  for (const url of splitUrls(amqpUrls)) {
    const connection = await amqp.connect(url, { timeout: 5_000 }).catch(() => undefined);
    if (connection === undefined) continue;
    await connection.close();
    return true;
  }
  return false;
}

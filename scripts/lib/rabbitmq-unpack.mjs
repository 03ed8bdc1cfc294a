import fs from 'node:fs';
import path from 'node:path';
import { AptFailed } from './apt-private.mjs';
import { aptUnpack } from './apt-unpack.mjs';
import { unpackedRabbitMq } from './paths.mjs';
import { findRabbitMq, isNewEnough } from './rabbitmq-files.mjs';

/**
 * Unpacks Debian's RabbitMQ, with the Erlang it needs, below this project: for any user, and without a trace elsewhere.
 *
 * @param {{logFile: string, signal?: AbortSignal, folder?: string}} options
 * @throws {AptFailed}
 */
export async function unpackRabbitMq({ logFile, signal, folder = unpackedRabbitMq }) {
  const isDone = () => findRabbitMq({ env: { OWN_RABBITMQ: '1' }, unpacked: folder }) !== undefined;
  await aptUnpack(folder, choosePackages, { logFile, signal, finish: makeRelocatable, isDone });
}

async function choosePackages(apt) {
  const version = await apt.versionOf('rabbitmq-server');
  if (!isNewEnough(version)) throw new AptFailed(`apt-get offers only ${version}`);
  const erlang = (await apt.closure('rabbitmq-server')).filter((name) => name.startsWith('erlang-'));
  // All of Erlang, even where there is some: its parts are found beside each other.
  return ['rabbitmq-server', ...erlang, ...(await apt.missingLibraries(erlang))];
}

/**
 * Debian's scripts name the folder of Erlang. These find it from where they are, so that the project may be moved. And they bear spaces in
 * the path, which RabbitMQ's do not.
 */
export function makeRelocatable(root) {
  const erlang = path.join(root, 'usr/lib/erlang');
  const runtimes = fs.readdirSync(erlang).filter((name) => name.startsWith('erts-'));
  for (const [folder, up] of [['bin', '..'], ...runtimes.map((name) => [`${name}/bin`, '../..'])])
    edit(path.join(erlang, folder, 'erl'), (text) =>
      text.replaceAll('/usr/lib/erlang', `$(cd "\${0%/*}/${up}" && pwd)`),
    );
  edit(fs.realpathSync(path.join(root, 'usr/lib/rabbitmq/bin/rabbitmq-env')), (text) =>
    text
      .replace(/ \$SCRIPT_PATH\b/g, ' "$SCRIPT_PATH"')
      .replace('local path=$1', 'local path="$1"')
      .replace(/^\. (\$\S+)$/gm, '. "$1"'),
  );
}

function edit(file, change) {
  fs.writeFileSync(file, change(fs.readFileSync(file, 'utf8')));
}

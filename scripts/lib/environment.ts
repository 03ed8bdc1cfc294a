/** Node's inspector has one port for the whole machine, and with --inspect-brk a process waits for a debugger. */
const INSPECTOR = /(^|\s)--inspect\S*/g;

/**
 * Takes out of the environment of this process, and so of all that it starts, what other programs have put there for
 * themselves: conda's HOST would be the address that a service listens on. All else is passed on.
 *
 * - HOST and PORT: each service gets a port from here, and listens on its usual address.
 * - PG*, unless DATABASE_URL names the server: then they may complete it, as they do for psql.
 * - the inspector's options in NODE_OPTIONS.
 */
export function dropForeignSettings(env: NodeJS.ProcessEnv = process.env): void {
  delete env.HOST;
  delete env.PORT;
  if (!env.DATABASE_URL) for (const name of Object.keys(env)) if (/^PG[A-Z]/.test(name)) delete env[name];
  const nodeOptions = env.NODE_OPTIONS?.replace(INSPECTOR, '').trim();
  if (nodeOptions) env.NODE_OPTIONS = nodeOptions;
  else delete env.NODE_OPTIONS;
}

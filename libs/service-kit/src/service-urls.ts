/** Where people find the services of the system: their pages link each other. */
import { Type } from '@sinclair/typebox';
import { DEFAULTS } from './defaults.js';

export type ServiceUrls = readonly { readonly name: string; readonly url: string }[];

/** The setting SERVICE_URLS. */
export const SERVICE_URLS = Type.String({
  default: Object.entries(DEFAULTS.servicePorts)
    .map(([name, port]) => `${name}=http://localhost:${port}`)
    .join(','),
  pattern: '^[a-z-]+=https?://[^\\s,=]+(,[a-z-]+=https?://[^\\s,=]+)*$',
  description: 'the services and their URLs, as people reach them: order-service=http://localhost:8081,…',
});

/** @returns the services that a valid value of the setting names, their URLs without a slash at the end */
export function parseServiceUrls(setting: string): ServiceUrls {
  return setting.split(',').map((entry) => {
    const at = entry.indexOf('=');
    return { name: entry.slice(0, at), url: entry.slice(at + 1).replace(/\/+$/, '') };
  });
}

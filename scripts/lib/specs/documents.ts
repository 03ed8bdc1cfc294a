import path from 'node:path';
import { serviceContracts } from 'messages';
import { participantDocument } from 'saga-core/asyncapi';
import { yamlOf } from 'service-kit';
import { asyncApi } from '../../../apps/order-service/src/asyncapi.js';
import { openApiDocument } from '../../../apps/order-service/src/openapi-document.js';
import type { GeneratedFile } from './generated-file.js';
import { root } from '../paths.js';

/** @returns the AsyncAPI and OpenAPI documents */
export async function documents(): Promise<GeneratedFile[]> {
  const participants = serviceContracts.map((service): [string, object] => [
    `${service.name.replace('_', '-')}.asyncapi`,
    participantDocument(service),
  ]);
  const all: [string, object][] = [
    ...participants,
    ['order-service.asyncapi', asyncApi],
    ['order-service.openapi', await openApiDocument()],
  ];
  return all.map(([name, document]) => ({ file: path.join(root, 'specs', `${name}.yaml`), text: yamlOf(document) }));
}

import path from 'node:path';
import { accountingService, consumerService, restaurantService } from 'messages';
import { participantDocument } from 'saga-core/asyncapi';
import { yamlOf } from 'service-kit';
import { asyncApi } from '../../../apps/order-service/src/asyncapi.js';
import { openApiDocument } from '../../../apps/order-service/src/openapi-document.js';
import { root } from '../paths.js';
import { drawnReadmes } from './drawings.js';
import { goldenRecords } from './golden.js';

/** A generated document, as it should be. */
export interface GeneratedFile {
  readonly file: string;
  readonly text: string;
}

/** @returns each document that is generated */
export async function documents(): Promise<GeneratedFile[]> {
  const participants = [accountingService, consumerService, restaurantService].map(
    (service) => [`${service.name.replace('_', '-')}.asyncapi`, participantDocument(service)] as const,
  );
  const all: (readonly [string, object])[] = [
    ...participants,
    ['order-service.asyncapi', asyncApi],
    ['order-service.openapi', await openApiDocument()],
  ];
  const specs = all.map(([name, document]) => ({
    file: path.join(root, 'specs', `${name}.yaml`),
    text: yamlOf(document),
  }));
  return [...specs, ...goldenRecords(), ...drawnReadmes()];
}

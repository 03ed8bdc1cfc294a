import path from 'node:path';
import { root } from '../paths.mjs';
import { compiled } from './compiled.mjs';
import { drawnReadmes } from './drawings.mjs';
import { goldenRecords } from './golden.mjs';

/** @returns {Promise<{file: string, text: string}[]>} each document that is generated, as it should be */
export async function documents() {
  const { participantDocument } = await compiled('libs/saga-core/dist/asyncapi/index.js');
  const { yamlOf } = await compiled('libs/service-kit/dist/index.js');
  const { accountingService, consumerService, restaurantService } = await compiled('libs/messages/dist/index.js');
  const { asyncApi } = await compiled('apps/order-service/dist/asyncapi.js');
  const { openApiDocument } = await compiled('apps/order-service/dist/openapi-document.js');
  const participants = [accountingService, consumerService, restaurantService].map((service) => [
    `${service.name.replace('_', '-')}.asyncapi`,
    participantDocument(service),
  ]);
  const all = [
    ...participants,
    ['order-service.asyncapi', asyncApi],
    ['order-service.openapi', await openApiDocument()],
  ];
  const specs = all.map(([name, document]) => ({ file: path.join(root, 'specs', `${name}.yaml`), text: yamlOf(document) }));
  return [...specs, ...(await goldenRecords()), ...(await drawnReadmes())];
}

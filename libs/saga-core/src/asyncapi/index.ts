/** The door of saga-core/asyncapi: documents for people and programs, made of contracts and definitions. */
export { orchestratorDocument, participantDocument, type AsyncApiDocument } from './document.js';
export { exampleOf } from './example.js';
export { adviceFor, breaksOf, isRecordedBy, recordOf, type ContractRecord } from './compatibility.js';

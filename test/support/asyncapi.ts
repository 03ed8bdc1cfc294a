/** What a document of messages is held to. */
import { Parser } from '@asyncapi/parser';
import { isValid, type CommandContract } from 'saga-core';
import type { AsyncApiDocument } from 'saga-core/asyncapi';

/** @returns all that AsyncAPI's own parser has against a document, warnings included */
export async function complaintsOf(document: object): Promise<string[]> {
  const { diagnostics } = await new Parser().parse(JSON.stringify(document));
  return diagnostics.map(({ message, path }) => `${path.join('/')}: ${message}`);
}

/** @returns the examples of commands and successes in a document that break their contract; each contract must have one of both */
export function brokenExamples(document: AsyncApiDocument, commands: readonly CommandContract[]): string[] {
  return commands.flatMap(({ task, payload, reply }) => {
    const name = task.split('.')[1]!;
    return [
      [name, payload],
      [`${name}_success`, reply],
    ].flatMap(([message, schema]) => {
      const examples = document.components.messages[message as string]?.examples as { payload: unknown }[] | undefined;
      const good = examples?.length && examples.every((example) => isValid(schema as typeof payload, example.payload));
      return good ? [] : [message as string];
    });
  });
}

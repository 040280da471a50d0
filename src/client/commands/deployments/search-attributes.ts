/** The search attributes of deployments on a server that lacks them. */
import { SEARCH_ATTRIBUTES } from '../../../contract/names.js';
import type { Connected } from '../../../temporal/connection.js';
import { CliError, EXIT, innermost } from '../../../temporal/errors.js';
import { note } from '../../terminal/output.js';

export const isAboutSearchAttributes = (error: unknown): boolean => /search ?attribute/i.test(innermost(error));

const KEYWORD = 2; // temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD

/** @throws CliError where that may not be done from here */
export async function registerSearchAttributes({ connection, namespace }: Connected): Promise<void> {
  const attributes = Object.keys(SEARCH_ATTRIBUTES);
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = attributes.filter((name) => !(name in (customAttributes ?? {})));
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
    note(`registered the search attributes ${missing.join(', ')}`);
  } catch (error) {
    throw new CliError(
      `The server lacks search attributes, and they may not be registered from here: ${innermost(error)}`,
      {
        hint: `Have them created, then start again:\n${searchAttributeCommands(namespace).join('\n')}`,
        exitCode: EXIT.unreachable,
        cause: error,
      },
    );
  }
}

/** What someone with the right to do so types to create what is missing. */
export const searchAttributeCommands = (namespace: string): string[] =>
  Object.entries(SEARCH_ATTRIBUTES).map(
    ([name, type]) =>
      `  temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}`,
  );

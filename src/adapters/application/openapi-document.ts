/** The OpenAPI document that a page reads, as anybody may have written it: of any size, and referring to itself. */
import { fieldOf } from '../http/http.js';

/** The fields of an endpoint's answer 200; undefined where the document does not say them, or refers in a circle. */
export function describedFields(document: unknown, endpoint: { method: string; path: string }): string[] | undefined {
  const { method, path } = endpoint;
  const steps = ['paths', path, method.toLowerCase(), 'responses', '200', 'content', 'application/json', 'schema'];
  const followed = new Set<string>();
  let schema = steps.reduce(fieldOf, document);
  for (;;) {
    const reference = fieldOf(schema, '$ref');
    if (typeof reference !== 'string') break;
    if (followed.has(reference)) return undefined;
    followed.add(reference);
    schema = reference.replace(/^#\//, '').split('/').reduce(fieldOf, document);
  }
  const properties = fieldOf(schema, 'properties');
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : undefined;
}

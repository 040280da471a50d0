/** YAML for people: blank lines between sections, short maps on one line, comments where they belong. */
import { Document, isCollection, isMap, isPair, isScalar, type Node, Scalar, visit } from 'yaml';

export interface Comments {
  /** Above the first line. */
  head: string;
  /** Above keys, by their paths: `release`, `commands.deploy`. */
  above?: Record<string, string>;
  /** Behind values, by their paths as lists of keys. */
  behind?: { path: string[]; comment: string }[];
}

const WIDTH = 118;

export function writeYaml(value: Record<string, unknown>, { head, above = {}, behind = [] }: Comments): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  document.commentBefore = lines(head);
  visit(document, {
    Collection(_, node, path) {
      if (path.filter(isCollection).length > 0 && isShort(node.toJSON() as unknown, path.length)) node.flow = true;
    },
  });
  if (isMap(document.contents)) {
    const { items } = document.contents;
    items.forEach(({ key, value: section }, index) => {
      if (isScalar(key)) key.spaceBefore = isCollection(section) || isCollection(items[index - 1]?.value);
    });
  }
  for (const [path, comment] of Object.entries(above)) {
    const key = keyAt(document, path.split('.'));
    if (key) key.commentBefore = lines(comment);
  }
  for (const { path, comment } of behind) {
    const node = document.getIn(path, true) as Node | undefined;
    if (node) node.comment = ` ${comment}`;
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

const lines = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : ` ${line}`))
    .join('\n');

/** On one line together with its key, and without a collection that is no list of words. */
function isShort(value: unknown, depth: number): boolean {
  const held = Object.values(value as object);
  const isFlat = held.every((one) => typeof one !== 'object' || one === null || Array.isArray(one));
  return isFlat && held.length > 0 && JSON.stringify(value).length + depth * 2 < WIDTH - 15;
}

function keyAt(document: Document, path: string[]): Scalar | undefined {
  const holder = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(holder)) return undefined;
  const pair = holder.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  return isPair(pair) && pair.key instanceof Scalar ? pair.key : undefined;
}

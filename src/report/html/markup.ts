/** HTML in which nothing becomes markup that was not written as such here. */

/** A piece of HTML that is as it should be. Only {@link html} makes it. */
export class Markup {
  constructor(readonly text: string) {}
}

type Piece = string | number | undefined | Markup | readonly Piece[];

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Control characters, and those that turn the direction of text around, are not for reading. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export const escapeMarkup = (text: string): string =>
  text.replace(UNSEEN, '').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** Whatever is filled in is text, unless it is markup already. Attributes have to be in quotes. */
export function html(strings: TemplateStringsArray, ...pieces: Piece[]): Markup {
  const text = strings.map((part, index) => part + (index < pieces.length ? render(pieces[index]) : ''));
  return new Markup(text.join(''));
}

function render(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Markup) return piece.text;
  return typeof piece === 'object' ? piece.map(render).join('') : escapeMarkup(String(piece));
}

/** One element a line, so that what differs between two pages can be named by its line. */
export const lines = (pieces: readonly (Markup | undefined)[]): Markup =>
  new Markup(pieces.flatMap((piece) => (piece ? [piece.text] : [])).join('\n'));

/** JSON within `<script type="application/json">`, which nothing in it can end. */
export const island = (value: unknown): Markup =>
  new Markup(
    JSON.stringify(value).replace(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  );

/** A path as a relative link: no scheme, no host. */
export const link = (prefix: string, path: string): string => {
  const parts = `${prefix}/${path}`.split('/').map(encodeURIComponent).join('/');
  return parts.startsWith('/') || parts.startsWith('.') ? parts : `./${parts}`;
};

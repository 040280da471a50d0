/** Changes to a text by their places: whatever none of them names stays as it is, to the byte. */

export interface Edit {
  /** Offset in the text as it was. */
  at: number;
  /** How many characters are taken out there. */
  remove?: number;
  insert: string;
}

/** @param edits those of one place are made in their order; none reaches into another */
export function edited(text: string, edits: readonly Edit[]): string {
  let from = 0;
  const parts: string[] = [];
  for (const { at, remove = 0, insert } of edits.toSorted((one, other) => one.at - other.at)) {
    parts.push(text.slice(from, at), insert);
    from = at + remove;
  }
  return parts.join('') + text.slice(from);
}

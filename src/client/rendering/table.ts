export interface Cell {
  text: string;
  /** Colours are not counted as width. */
  paint?: (text: string) => string;
}

/** Rows as lines, their columns one below the other; nothing trails. */
export function alignedRows(rows: readonly (readonly Cell[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => row[at]?.text.length ?? 0)));
  return rows.map((row) =>
    row
      .map(({ text, paint = String }, at) => `${paint(text)}${' '.repeat((widths[at] ?? 0) - text.length)}`)
      .join('  ')
      .trimEnd(),
  );
}

/** A formula with its queries under other names, outside quotes; what is called, as `abs(…)`, is no query. */
export const inFormula = (formula: string, names: readonly string[], rename: (name: string) => string): string =>
  formula.replaceAll(/'[^']*'|"[^"]*"|\b[a-z]\w*\b(?!\s*\()/g, (word) => (names.includes(word) ? rename(word) : word));

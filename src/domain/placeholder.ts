/**
 * A placeholder of a command: a word in braces. Blanks around it are a slip, which is refused; other braces are the
 * command's own, as in kubectl's `jsonpath={.status.phase}`. Made anew each time: a pattern that finds all keeps its
 * place.
 */
export const placeholder = (): RegExp => /\{(\s*[A-Za-z][A-Za-z0-9_-]*\s*)\}/g;

/**
 * A placeholder of a command: a word in braces. Blanks around it are a slip, which is refused; other braces are the
 * command's own, as in kubectl's `jsonpath={.status.phase}`.
 */
export const PLACEHOLDER = /\{(\s*[A-Za-z][A-Za-z0-9_-]*\s*)\}/g;

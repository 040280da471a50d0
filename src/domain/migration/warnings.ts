/** Which lines of a migration's output warn. */

/** Words that name a level where loggers put it, the longest first; `%(levelname)-5.5s` cuts them off. */
const LEVEL = /(?<![\w-])(DEBUG|INFO|NOTICE|LOG|WARNING|WARNI|WARN|ERROR|CRITICAL|CRITI|FATAL)(?![\w-])/;
/** Python's `warnings` (`file.py:7: UserWarning: …`), and programs that begin a line with the word. */
const CATEGORY = /^(?:\S+:\d+:\s*)?\w*Warning: |^warn(?:ing)?: /i;
/** Lines of fields: `level=warn`, `"levelname": "WARNING"`; 40 is what node's loggers write. */
const FIELD = /\b(?:level|levelname|lvl|severity)"?\s*[=:]\s*(?:"?warn(?:ing)?\b|40\b)/i;

/** Lines that warn, by the level that they have, not by the words that they hold. @param counts the part of a line that does */
export const warningLines = (output: string, counts: (line: string) => string = (line) => line): string[] =>
  output.split(/\r?\n/).filter((line) => {
    const text = counts(line);
    return LEVEL.exec(text)?.[1]?.startsWith('WARN') || CATEGORY.test(text) || FIELD.test(text);
  });

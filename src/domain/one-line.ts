/** A text of several lines on one; blank lines are left out. In linear time, whatever the text. */
export const inOneLine = (text: string, between = ' '): string =>
  text
    .split(/[\r\n]/)
    .map((line) => line.trim())
    .filter(Boolean)
    .join(between);

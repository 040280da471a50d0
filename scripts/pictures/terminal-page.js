/** What a terminal shows, as a page that a browser takes a picture of. */

/** The few escape codes that picocolors writes. */
const CLASSES = { 1: 'b', 2: 'd', 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan' };

/** @param lines as `surefoot watch` draws them */
export const terminalPage = (lines) => `<style>
  body { margin: 0; background: #11151c; }
  pre { margin: 0; padding: 20px 24px; color: #d7dde8; font: 13px/1.45 'DejaVu Sans Mono', Menlo, monospace;
    width: fit-content; }
  .b { font-weight: bold } .d { color: #8490a3 } .red { color: #ff7b72 } .green { color: #6fdd8b }
  .yellow { color: #f2cc60 } .cyan { color: #6cc7f0 }
</style><pre>${toHtml(lines.join('\n'))}</pre>`;

function toHtml(text) {
  const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  const on = new Set();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes begin with one
  return escaped.replace(/\x1b\[(\d+)m([^\x1b]*)/g, (_, code, words) => {
    if (code === '22') for (const weight of ['b', 'd']) on.delete(weight);
    else if (code === '39') for (const name of [...on].filter((each) => each.length > 1)) on.delete(name);
    else if (code === '0') on.clear();
    else if (CLASSES[code]) on.add(CLASSES[code]);
    return on.size > 0 ? `<span class="${[...on].join(' ')}">${words}</span>` : words;
  });
}

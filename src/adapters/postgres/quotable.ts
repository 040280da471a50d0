/**
 * What of a tool's or a database's words may be shown to people and kept in Temporal's history: that something went
 * wrong and with which table, never with which row. Rows, statements and their parameters stand in PostgreSQL's DETAIL,
 * HINT, CONTEXT, QUERY and STATEMENT, and in what drivers and tools make of them; the evidence store has the whole.
 */

/** Stands for what is not shown. */
export const WITHHELD = '[…]';

/** PostgreSQL's severities in the languages that it speaks: a message follows them, and details any other label. */
const SEVERITY = [
  'ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|LOG|DEBUG|FEHLER|WARNUNG|HINWEIS|ERREUR|ATTENTION|AVERTISSEMENT|ERRO|AVISO',
  'ADVERTENCIA|ERRORE|ATTENZIONE|AVVISO|ОШИБКА|ВАЖНО|ПРЕДУПРЕЖДЕНИЕ|ЗАМЕЧАНИЕ|ПОМИЛКА|ПОПЕРЕДЖЕННЯ|BŁĄD|OSTRZEŻENIE',
  'FEL|VARNING|CHYBA|VAROVÁNÍ|HATA|UYARI|错误|警告|エラー|오류|경고|შეცდომა',
].join('|');

/** Where details begin: from here on nothing of the line is shown, and of the next ones until something else begins. */
const DETAILS = anyOf([
  // libpq, psql and server logs in any language: a label in capitals that is no severity, and two spaces.
  new RegExp(`^(?!(?:${SEVERITY})\\s*:)[\\p{Lu}\\p{Lo}]{2,}[\\s\\u00a0]?:(?=\\s{2})`, 'u'),
  // The same within a line: what Python, JSON and others write of it.
  /(?:^|[\s'"(]|\\n)(?:DETAIL|D[ÉE]TAIL\s?|DETALLE|DETALHE|DETTAGLI):\s/u,
  /(?:^|[\s'"(]|\\n)(?:(?:HINT|CONTEXT|STATEMENT|QUERY|WHERE):\s{2}|(?:ASTUCE|CONTEXTE|INSTRUCTION)\s:\s)/u,
  // `LINE 1: INSERT …` with a caret under it, in any language.
  /^\s*(?:LINE|ZEILE|LIGNE|LÍNEA|LINHA|RIGA|СТРОКА|РЯДОК|RAD|ŘÁDKA|SATIR|LINIA|행|行)\s?\d+\s?: /u,
  // pg_dump and pg_restore; JDBC; node-postgres as Node prints it.
  /\b(?:Command|Query|Statement) was:/u,
  /^\s+(?:Detail|Hint|Where|Internal Query): /u,
  /^\s+(?:detail|hint|where|internalQuery|query|parameters|params|values):\s+['"`[{]/u,
  // SQLAlchemy, in its errors and in its log.
  /\[(?:SQL|parameters|generated in|cached since|raw sql)\b/u,
  /\bsqlalchemy\.engine\b/u,
  // Wherever else a detail was written into.
  /Failing row contains/u,
  /\bKey \([^\n]{1,300}?\)\s?=\s?\(/u,
]);

function anyOf(patterns: RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => `(?:${source})`).join('|'), 'u');
}

/** A message about a value, which is in quotes behind these words; tables and constraints stand behind others. */
const OF_VALUE =
  /\b(?:value|out of range:|at or near) "|\b(?:invalid|malformed|unterminated|could not (?:parse|convert))\b[^"\n]{0,200}"/iu;

/** The value with them. */
const VALUE = new RegExp(`(${OF_VALUE.source}).*"`, 'iu');

/** Where something else begins. */
const BEGINNING = new RegExp(
  [
    `^(?:(?:${SEVERITY})\\s*:`,
    '(?:INFO|WARN|WARNING|ERROR|DEBUG)\\s+\\[',
    'pg_dump: |pg_restore: |psql: |FAILED: ',
    'Traceback \\(most recent|The above exception|During handling of|\\(Background on',
    '(?:\\w+\\.)+[A-Z]\\w+: )',
  ].join('|'),
  'u',
);

/** Longest part of a line that is looked at, characters: nobody reads more. */
const LONGEST_LINE = 2_000;

/**
 * The text without what may be a row, a statement or somebody's secret.
 * @param text whole lines; it is to be cut to length afterwards, for what is cut off may tell what the rest is
 * @param last how many lines of what may be shown are wanted: the last ones
 * @param isCut its beginning is missing: what it begins with may be the middle of a detail
 */
export function quotable(text: string, last = Number.POSITIVE_INFINITY, isCut = false): string {
  if (text === '') return '';
  const shown: string[] = isCut ? [WITHHELD] : [];
  let withholding = isCut;
  for (const whole of text.split(/\r?\n/)) {
    const line = whole.slice(0, LONGEST_LINE);
    if (/\bat RAISE\b/.test(line)) hideRaised(shown);
    if (withholding && !BEGINNING.test(line)) continue;
    const start = startOfDetails(line);
    withholding = start !== undefined;
    shown.push(withholding ? `${line.slice(0, start)}${WITHHELD}` : line);
  }
  const wanted = last === Number.POSITIVE_INFINITY ? shown : shown.filter((line) => line.trim() !== '').slice(-last);
  return wanted.map(withoutSecrets).join('\n');
}

function startOfDetails(line: string): number | undefined {
  const details = DETAILS.exec(line)?.index;
  const value = OF_VALUE.exec(line);
  // Up to the last quotation mark is the value's, which may hold some itself; without a second one it goes on.
  const from = value === null ? undefined : value.index + value[0].length - 1;
  if (from === undefined || line.lastIndexOf('"') !== from) return details;
  return Math.min(from, details ?? from);
}

/** What a function of the database has raised is its own sentence, and may tell of anything. */
function hideRaised(shown: string[]): void {
  const head = new RegExp(`(?:${SEVERITY})\\s*:|[A-Z]\\w+(?:Error|Exception)\\b[^:]{0,50}:`, 'u');
  const last = shown.findLastIndex((line) => head.test(line));
  if (last < 0) return;
  const [line = ''] = shown.splice(last);
  shown.push(`${line.slice(0, (head.exec(line)?.index ?? 0) + (head.exec(line)?.[0].length ?? 0))} ${WITHHELD}`);
}

function withoutSecrets(line: string): string {
  return (
    line
      .replace(VALUE, (_, before: string) => `${before.slice(0, -1)}${WITHHELD}`)
      // Other languages' quotation marks hold names and values alike.
      .replaceAll(/[»„「][^\n]{0,500}?[«“」]|«[^\n]{0,500}?»/gu, WITHHELD)
      .replace(/(RaiseException\b\S{0,3})\s.*/u, `$1 ${WITHHELD}`)
      .replaceAll(/(:\/\/[^\s:/@]{0,100}):[^\s@]{1,500}@/g, '$1:***@')
      .replaceAll(
        /\b(password|passwd|pwd|secret|token|api_?key)(\s?[=:]\s?|\s+(?='))('(?:[^']|'')*'?|"[^"]*"?|[^\s,;)&]+)/giu,
        '$1$2***',
      )
  );
}

/**
 * An SQL statement without its texts. pg_stat_statements puts numbers for the values of queries only: what `DO`, `CALL`
 * and `EXECUTE` were given stands there as it was written.
 */
export const quotableStatement = (sql: string): string =>
  sql.replaceAll(/\$((?:[a-z_]\w*)?)\$.*?(?:\$\1\$|$)|'(?:[^'\\]|''|\\.)*'?/gisu, WITHHELD);

/** The fields of an error as a server sends it. */
export interface ServerError {
  message: string;
  code?: string;
  /** The function of PostgreSQL's own source that has reported it. */
  routine?: string;
}

const QUOTED = /["»«„“”「].*["«»“”」]|["»«„“”「].*/su;

/**
 * A server's error in words, by its fields and not by its language: the message and the SQLSTATE, without the value that a
 * data exception (class 22) or a syntax error quotes, and without what code in the database has raised.
 */
export function quotableError({ message, code = '', routine }: ServerError): string {
  const state = code === '' ? '' : ` (SQLSTATE ${code})`;
  if (code.startsWith('P0') || routine === 'exec_stmt_raise') return `code in the database raised an error${state}`;
  const quotesValue = code.startsWith('22') || code === '42601';
  return `${quotesValue ? message.replace(QUOTED, WITHHELD) : message}${state}`;
}

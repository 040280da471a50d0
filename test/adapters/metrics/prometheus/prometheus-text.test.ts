import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ParseFailure,
  parsePage,
  select,
  selectorText,
} from '../../../../src/adapters/metrics/prometheus/prometheus-text.js';

const PAGE = `# HELP http_requests_total Requests, with a "quoted" word and a \\\\ in it
# TYPE http_requests_total counter
http_requests_total{method="GET",status="200"} 1027 1395066363000
http_requests_total{method="GET",status="500"} 3
http_requests_total{ method = "POST" , status = "503" , } 4.5e1

# Escapes
path{dir="C:\\\\DIR\\\\",text="a \\"b\\"\\nc"} -Inf
no_labels 12.5
something_weird{problem="division by zero"} +Inf -3982045
nan_gauge NaN
request_seconds_bucket{le="0.5"} 3
request_seconds_bucket{le="+Inf"} 4
`;

const valuesOf = (name: string, labels?: Record<string, string>) =>
  select(parsePage(PAGE), { name, labels }).map(({ value }) => value);

describe('parsePage', () => {
  test('keeps only the metrics that are looked for, and says which of them are not there', () => {
    const page = parsePage('a 1\nb 2\nb{c="d"} 3\n', ['b', 'gone']);
    expect([...page].map(([name, series]) => [name, series.length])).toEqual([
      ['b', 2],
      ['gone', 0],
    ]);
  });

  test('is as strict about what is not looked for: half a page is no page', () => {
    expect(() => parsePage('b 1\na{cut="', ['b'])).toThrow(ParseFailure);
  });

  test('reads values, labels, escapes and the special numbers', () => {
    expect(valuesOf('http_requests_total')).toEqual([1027, 3, 45]);
    expect(valuesOf('no_labels')).toEqual([12.5]);
    expect(valuesOf('something_weird')).toEqual([Number.POSITIVE_INFINITY]);
    expect(valuesOf('nan_gauge')).toEqual([Number.NaN]);
    expect(parsePage(PAGE).get('path')?.[0]).toMatchObject({
      labels: { dir: 'C:\\DIR\\', text: 'a "b"\nc' },
      value: Number.NEGATIVE_INFINITY,
    });
  });

  test.each([
    ['no value', 'metric'],
    ['a value that is none', 'metric twelve'],
    ['a number followed by words', 'metric 1 2 3'],
    ['an open label list', 'metric{a="b" 1'],
    ['labels without a comma', 'metric{a="b"c="d"} 1'],
    ['a label without quotes', 'metric{a=b} 1'],
    ['a name that begins with a digit', '1metric 1'],
    ['the same label twice', 'metric{a="b",a="c"} 1'],
    ['the same series twice', 'metric{a="b",c="d"} 1\nmetric{c="d",a="b"} 2'],
    ['HTML', '<html><body>Not here</body></html>'],
    ['a page cut in the middle of a line', PAGE.slice(0, PAGE.indexOf('45') - 12)],
  ])('refuses %s', (_, text) => {
    expect(() => parsePage(text)).toThrow(ParseFailure);
  });

  test('reads back what was written', () => {
    const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,10}$/);
    const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,6}$/);
    const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
    // Carriage returns and the like do not occur in the format's lines as Prometheus' own clients write them.
    const text = fc.string({ unit: fc.constantFrom(...'ab "\\\n{}=,#é字~') });
    const series = fc.record({ name, labels: fc.dictionary(label, text, { maxKeys: 4 }), value: fc.double() });
    fc.assert(
      fc.property(fc.uniqueArray(series, { selector: ({ name: n }) => n, maxLength: 10 }), (all) => {
        const page = parsePage(
          all
            .map(({ name: n, labels, value }) => {
              const list = Object.entries(labels).map(([key, v]) => `${key}="${escaped(v)}"`);
              return `${n}{${list.join(',')}} ${String(value).replace('Infinity', 'Inf')}`;
            })
            .join('\n'),
        );
        for (const { name: n, labels, value } of all) {
          const [found] = page.get(n) ?? [];
          expect({ ...found?.labels }).toEqual({ ...labels });
          expect(found?.value === value || (Number.isNaN(value) && Number.isNaN(found?.value))).toBe(true);
        }
      }),
    );
  });
});

describe('select', () => {
  test('matches regular expressions against the whole value, as Prometheus does', () => {
    expect(valuesOf('http_requests_total', { status: '~5..' })).toEqual([3, 45]);
    expect(valuesOf('http_requests_total', { status: '~5' })).toEqual([]);
    expect(valuesOf('http_requests_total', { status: '~200|500', method: 'GET' })).toEqual([1027, 3]);
  });

  test('takes an absent label for an empty one', () => {
    expect(valuesOf('no_labels', { status: '' })).toEqual([12.5]);
    expect(valuesOf('no_labels', { status: '~.*' })).toEqual([12.5]);
    expect(valuesOf('no_labels', { constructor: '~.+' })).toEqual([]);
  });

  test('writes a selector as people do', () => {
    expect(selectorText({ name: 'a', labels: { b: '~5..', c: 'd' } })).toBe('a{b=~"5..",c="d"}');
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headsIn, type MigrationFile, REVISION_LINE } from '../../../src/domain/migration/alembic-files.js';

const file = (name: string, revision: string, before: string): MigrationFile => ({
  name,
  text: `"""Title\n\nRevises: nobody\n"""\nfrom alembic import op\n\nrevision${revision}\ndown_revision${before}\nbranch_labels = None\n\n\ndef upgrade():\n    revision = "other"\n`,
});

const headsFor = (before: string) =>
  headsIn([file('a.py', ' = "a"', ' = None'), file('b.py', ' = "b"', ' = "a"'), file('c.py', ' = "c"', before)]);

test.each([
  [' = "b"', ['c']],
  [": str | None = 'b'  # see above", ['c']],
  [': Union[str, Sequence[str], None] = "b"', ['c']],
  [' = ("a", "b")', ['c']],
  [' = (\n    "a",  # one\n    "b",\n)', ['c']],
  [' = ["b"]', ['c']],
  [' = "a"', ['b', 'c']],
  [' = None', ['b', 'c']],
])('what comes before a revision is read as alembic writes it: down_revision%s', (before, found) => {
  expect(headsFor(before)).toEqual({ found });
});

test.each([
  [' = BASE'],
  [' = "b" + SUFFIX'],
  [' = "a" "b"'],
  [' = f"b"'],
  [' = ""'],
  [' ='],
  [' = "a", "b"'],
  [' = ("a"'],
  [' = "b"\ndown_revision = "a"'],
  ['s = "b"'],
])('what is not seen in its text is not guessed: down_revision%s', (before) => {
  expect(headsFor(before)).toEqual({
    problem: 'which revision c.py is, and which comes before it, is not seen in its text',
  });
});

test('a history of which a part is missing, or told twice, has no known heads', () => {
  const [a, b] = [file('a.py', ' = "a"', ' = "gone"'), file('b.py', ' = "a"', ' = None')];
  expect(headsIn([a])).toEqual({ problem: 'a.py follows revision gone, which no file has' });
  expect(headsIn([a, b])).toEqual({ problem: 'a.py and b.py both say that they are revision a' });
  const circle = [file('a.py', ' = "a"', ' = "b"'), file('b.py', ' = "b"', ' = "a"')];
  expect(headsIn(circle)).toEqual({ problem: 'each of its revisions follows another' });
  expect(headsIn([])).toEqual({ found: [] });
});

test('the heads are those that none has before it, however the history branches and merges', () => {
  const history = fc
    .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
    .map((parents) =>
      parents.map((picks, index) => [...new Set(picks.map((pick) => pick % (index || 1)))].filter((p) => p < index)),
    );
  fc.assert(
    fc.property(history, fc.boolean(), (parents, isTyped) => {
      const files = parents.map((before, index) =>
        file(
          `${index}.py`,
          `${isTyped ? ': str' : ''} = "r${index}"`,
          ` = (${before.map((one) => `"r${one}",`).join(' ')})`,
        ),
      );
      const written = files.map((each, index) =>
        parents[index]?.length === 0 ? file(each.name, ` = "r${index}"`, ' = None') : each,
      );
      const followed = new Set(parents.flat());
      const heads = parents.flatMap((_before, index) => (followed.has(index) ? [] : [`r${index}`]));
      expect(headsIn(written)).toEqual({ found: heads.sort() });
    }),
  );
});

test('the line by which such files are found is in each of them, and not wherever a revision is spoken of', () => {
  const line = new RegExp(REVISION_LINE, 'm');
  expect(file('a.py', ' = "a"', ': str = "b"').text).toMatch(line);
  expect('revision, down_revision = "b", "a"\n').toMatch(line);
  expect('if script.down_revision is None:\n').not.toMatch(line);
  expect('revision = "a"\ndown_revisions = []\n').not.toMatch(line);
});

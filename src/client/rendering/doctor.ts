/** What the doctor has found, as a person reads it: by the time at which the deployment would have met it. */
import type { Checked } from '../../doctor/doctor.js';
import { formatDuration } from '../../domain/duration.js';
import type { Colors } from './marks.js';

/** @param options.all also what is well */
export function renderChecks(checks: readonly Checked[], options: { colors: Colors; all: boolean }): string {
  const { colors, all } = options;
  const shown = checks.filter(({ ok, note }) => all || !ok || note);
  const width = Math.max(0, ...shown.map((check) => whenText(check).length));
  let before = '';
  const lines = shown.flatMap((check) => {
    const when = whenText(check);
    const column = (when === before ? '' : when).padEnd(width);
    before = when;
    const line = `${colors.dim(column)}  ${mark(check, colors)} ${colors.bold(check.id)}: ${check.text}`;
    return check.advice ? [line, `${' '.repeat(width)}    ${colors.cyan('→')} ${check.advice}`] : [line];
  });
  return [...lines, ...(lines.length > 0 ? [''] : []), summary(checks, options)].join('\n');
}

const whenText = ({ when }: Checked): string =>
  when.afterSeconds === 0 ? 'now' : `in ${formatDuration(when.afterSeconds * 1_000)}`;

function mark({ ok, note }: Checked, colors: Colors): string {
  if (!ok) return colors.red('✗');
  return note ? colors.yellow('•') : colors.green('✓');
}

function summary(checks: readonly Checked[], { colors, all }: { colors: Colors; all: boolean }): string {
  const failed = checks.filter(({ ok }) => !ok);
  const noted = checks.filter(({ ok, note }) => ok && note).length;
  const well = checks.length - failed.length - noted;
  const others = `${noted} to know of, ${well} hold${all ? '' : ' (--all shows them)'}`;
  const [first] = failed;
  if (!first) return colors.green(`✓ nothing of ${checks.length} checks would have failed; ${others}`);
  return colors.red(
    `✗ ${failed.length} of ${checks.length} would have failed, the first ${whenText(first)}; ${others}`,
  );
}

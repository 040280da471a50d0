/** Curves of metrics as a scenario writes them: pieces of which the last that applies at a moment counts. */
import { z } from 'zod';
import { duration, durationOrNone, strict, text } from '../../plan/core/basics.js';

/** In the metric's unit, or in another that converts into it. */
const quantity = () =>
  z.union([z.number(), z.string()], { error: 'Write a number in the metric’s unit, or with its unit: "12 %"' });

const timeOfDay = z
  .string({ error: 'A time of day is expected; write for example "14:00"' })
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Not a time of day; write for example "14:00"');

const SHAPES = {
  constant: quantity().optional().describe('One value'),
  ramp: strict({
    from: quantity().describe('First value'),
    to: quantity().describe('Last value; it stays there'),
    over: duration().describe('How long the way takes'),
  })
    .optional()
    .describe('From one value to another'),
  step: strict({
    before: quantity().describe('Value before'),
    after: quantity().describe('Value from then on'),
    at: durationOrNone().describe('When, from the piece’s beginning'),
  })
    .optional()
    .describe('One value, then another'),
  spike: strict({
    base: quantity().describe('Value between'),
    to: quantity().describe('Value of the spike'),
    lasts: duration().describe('How long it lasts'),
    every: duration().optional().describe('It comes again so long after the last began; once when left out'),
  })
    .optional()
    .describe('A spike at the piece’s beginning; with `every`, flapping'),
  diurnal: strict({
    low: quantity().describe('Twelve hours from the peak'),
    high: quantity().describe('At the peak'),
    peak: timeOfDay.describe('When, by the plan’s clocks'),
  })
    .optional()
    .describe('Up and down in a day'),
  leak: strict({
    from: quantity().describe('First value'),
    perHour: quantity().describe('Growth in an hour'),
  })
    .optional()
    .describe('Growth without end'),
  noData: text().optional().describe('There is no value, for this reason'),
  notANumber: z.literal(true).optional().describe('The value is not a number (0 of 0)'),
  providerError: text().optional().describe('The source cannot be asked; it says this'),
};

export const SHAPE_NAMES = Object.keys(SHAPES) as (keyof typeof SHAPES)[];
const MODIFIERS = ['noise', 'gaps', 'late'] as const;

export const piece = strict({
  in: text()
    .optional()
    .describe(
      'A watch (times count from its start) or `staging`, `production` (from the deploy there); both when left out',
    ),
  from: durationOrNone().optional().describe('When the piece begins; at the beginning when left out'),
  for: duration().optional().describe('How long it lasts; to the end when left out'),
  ...SHAPES,
  noise: quantity().optional().describe('Standard deviation around the value, drawn from the seed'),
  gaps: strict({
    every: duration().describe('From one gap to the next'),
    lasts: duration().describe('How long there is no data'),
  })
    .optional()
    .describe('Holes without data'),
  late: duration().optional().describe('How much later than its own time a sample comes'),
})
  .refine((value) => SHAPE_NAMES.filter((name) => value[name] !== undefined).length <= 1, {
    error: `Write at most one of ${SHAPE_NAMES.join(', ')}; add another piece for another stretch`,
  })
  .refine((value) => [...SHAPE_NAMES, ...MODIFIERS].some((name) => value[name] !== undefined), {
    error: `Says nothing about the value; write one of ${[...SHAPE_NAMES, ...MODIFIERS].join(', ')}`,
  });

export type AuthoredPiece = z.output<typeof piece>;

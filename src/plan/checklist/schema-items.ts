/** The boxes of the checklist. */
import { z } from 'zod';
import { strict, text } from '../core/basics.js';

const ITEM_ID = /^\d+(\.\d+)+$/;

export const items = z
  .record(
    z
      .string()
      .regex(ITEM_ID, 'An item is numbered by section and position, in quotes: "1.1.1"')
      .meta({ pattern: ITEM_ID.source }),
    strict({
      title: text().describe(
        'The box, in the checklist’s own words; with a `document`, their beginning and `…` where no other box begins so',
      ),
      by: z
        .union([text(), z.array(text())], { error: 'Write STEP/FACT, or a list of them' })
        .describe('What settles it: `STEP/FACT`, or a list of them that must all hold'),
    }),
  )
  .default({});

export type AuthoredItems = z.output<typeof items>;

/** The scenario's format for editors, from zod as the plan's is. */
import { z } from 'zod';
import { scenarioSchema } from './schema.js';

/** JSON Schema, draft 7. */
export const scenarioJsonSchema = (): z.core.JSONSchema.JSONSchema => ({
  title: 'Surefoot scenario',
  ...z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-7', reused: 'inline' }),
});

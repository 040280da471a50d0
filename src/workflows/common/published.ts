/** How a workflow stands, for reports made from its history. */
import { proxySinks } from '@temporalio/workflow';
import type { StateSinks } from '../../contract/sinks.js';

const { state } = proxySinks<StateSinks>();

export const publishState = (published: unknown): void => state.publish(published);

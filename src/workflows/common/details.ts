/** The board in a workflow's details, as the Web UI shows it. */
import { setCurrentDetails } from '@temporalio/workflow';

/**
 * Rendered for who looks at it, as things stand then, and for nobody else: what changes by the second would be written
 * out at each change by the very task that something urgent waits for. The SDK puts the details into its answer as JSON,
 * and it is then that this is asked for the text.
 */
export function showWhenAsked(render: () => string): void {
  setCurrentDetails({ toJSON: render } as unknown as string);
}

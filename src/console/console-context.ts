/** What the console's handlers of requests share. */
import type { Context } from 'hono';
import type { Browser } from './browser.js';
import type { FormTokens } from './form-token.js';
import type { DeploymentLook, Deployments } from './look.js';
import type { PageAsking, PageContent } from './pages/frame.js';
import type { SignIn } from './signed-in.js';
import type { ConsoleWords } from './words/console-words.js';

export interface ConsoleOptions {
  deployments: Deployments;
  signIn: SignIn;
  /** Under which it is reached, by people; it answers to no other name. */
  origins: readonly string[];
  tokens?: FormTokens;
  clock?: () => number;
}

export interface ConsoleContext extends Required<Omit<ConsoleOptions, 'origins'>> {
  asking(context: Context): Promise<PageAsking>;
  browser(context: Context): Browser;
  answer(context: Context, content: PageContent, asking: PageAsking): Response;
  problem(context: Context, kind: keyof ConsoleWords['problems'], more?: readonly string[]): Promise<Response>;
  /** The deployment that an address names. */
  looked(context: Context): Promise<DeploymentLook | undefined>;
}

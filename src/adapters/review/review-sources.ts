/** Where reviews are kept: every kind of source that a plan can name. */
import { gitReviews } from './git-review.js';
import { gitHubReviews } from './github-review.js';
import type { OpenReviews, ReviewPlace, ReviewReading, ReviewSource, ReviewSourceKind } from './review-source.js';

export const REVIEW_SOURCES: { readonly [K in ReviewSourceKind]: ReviewSource<K> } = {
  git: gitReviews,
  github: gitHubReviews,
};

/** @throws SecretMissing; its methods throw ReadFailure */
export const openReviews = <K extends ReviewSourceKind>(
  source: ReviewPlace<K>,
  by: ReviewReading,
): Promise<OpenReviews> => REVIEW_SOURCES[source.kind as K].open(source, by);

import type { FaultSet, PublishFailure } from './fault-set.ts';
import { faultStream } from './random.ts';

/** How a publish goes. */
export type PublishFate = 'ok' | PublishFailure;

/** Decides the fate of each publishing mutation, and whether a request is throttled, in order of arrival. */
export function createRequestFates(set: FaultSet): { publish(): PublishFate; throttled(): boolean } {
  const publishes = faultStream(set.seed, 'publish');
  const throttles = faultStream(set.seed, 'throttle');
  return {
    publish() {
      const [fails, how] = [publishes(), publishes()];
      if (fails >= set.failPublish) return 'ok';
      return set.failPublishBy[Math.floor(how * set.failPublishBy.length)] ?? 'ok';
    },
    throttled: () => throttles() < set.throttle,
  };
}

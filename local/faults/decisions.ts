import type { FaultSet } from './fault-set.ts';
import { derivedSeed, seededRandom } from './random.ts';

/** What happens to one delivery. `corruptAt` is where in the text, as a fraction of its length. */
export interface DeliveryFate {
  copies: 0 | 1 | 2;
  /** Goes out after the next delivery of the same subscription. */
  heldBack: boolean;
  delayMs: number;
  corruptAt: number | undefined;
}

/** How a publish fails: refused before or after it took effect, or with an error in the GraphQL answer. */
export type PublishFate = 'ok' | 'refused' | 'answerLost' | 'graphqlError';

/**
 * Decides the fate of each delivery of one subscription, in order of publishing; `ordinal` counts them from 0 after its
 * start_ack. Every call draws the same number of times, so that switching one fault on leaves the others' draws alone.
 */
export function createDeliveryFates(set: FaultSet, stream: number): (ordinal: number) => DeliveryFate {
  const random = seededRandom(derivedSeed(set.seed, stream));
  return (ordinal) => {
    const [drop, duplicate, reorder, delay, corrupt, where] = Array.from({ length: 6 }, random) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const lost = ordinal < set.loseAfterAck || drop < set.drop;
    const [low, high] = set.delayMs ?? [0, 0];
    return {
      copies: lost ? 0 : duplicate < set.duplicate ? 2 : 1,
      heldBack: reorder < set.reorder,
      delayMs: low + delay * (high - low),
      corruptAt: corrupt < set.corrupt ? where : undefined,
    };
  };
}

/** Decides the fate of each publishing mutation, and whether a request is throttled, in order of arrival. */
export function createRequestFates(set: FaultSet): { publish(): PublishFate; throttled(): boolean } {
  const publishes = seededRandom(derivedSeed(set.seed, -1));
  const throttles = seededRandom(derivedSeed(set.seed, -2));
  return {
    publish() {
      const [fails, how] = [publishes(), publishes()];
      if (fails >= set.failPublish) return 'ok';
      return how < 1 / 3 ? 'refused' : how < 2 / 3 ? 'answerLost' : 'graphqlError';
    },
    throttled: () => throttles() < set.throttle,
  };
}

/**
 * Changes one character of the first string at a key named `text` inside a JSON value; `at` is a fraction of its length. The
 * result differs in exactly one UTF-16 unit that is no surrogate; a value without such a text comes back unchanged.
 */
export function corruptText(json: unknown, at: number): unknown {
  if (Array.isArray(json)) return json.map((item) => corruptText(item, at));
  if (json === null || typeof json !== 'object') return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key,
      key === 'text' && typeof value === 'string' ? changeOne(value, at) : corruptText(value, at),
    ]),
  );
}

function changeOne(text: string, at: number): string {
  const start = Math.min(Math.floor(at * text.length), text.length - 1);
  for (let step = 0; step < text.length; step += 1) {
    const index = (start + step) % text.length;
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdfff) continue;
    return text.slice(0, index) + (text.charAt(index) === '#' ? '*' : '#') + text.slice(index + 1);
  }
  return text;
}

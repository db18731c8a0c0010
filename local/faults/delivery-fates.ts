import type { FaultSet } from './fault-set.ts';
import { derivedSeed, seededRandom } from './random.ts';
import type { FaultName } from './tally.ts';

/** What happens to one delivery. `corruptAt` is where in the text, as a fraction of its length. */
export interface DeliveryFate {
  copies: 0 | 1 | 2;
  /** Goes out after the next delivery of the same subscription. */
  heldBack: boolean;
  delayMs: number;
  corruptAt: number | undefined;
}

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

/** What of the set happened to a delivery, for the count. */
export function faultsOfDelivery(set: FaultSet, ordinal: number, fate: DeliveryFate): FaultName[] {
  if (fate.copies === 0) return [ordinal < set.loseAfterAck ? 'loseAfterAck' : 'drop'];
  const happened: FaultName[] = [];
  if (fate.copies === 2) happened.push('duplicate');
  if (fate.heldBack) happened.push('reorder');
  if (fate.delayMs > 0) happened.push('delayMs');
  if (fate.corruptAt !== undefined) happened.push('corrupt');
  return happened;
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

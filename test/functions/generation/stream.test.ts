import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wholeCodePoints, type ModelEvent } from '../../../functions/generation/stream.ts';
import { sendable } from '../../../protocol/token-batch.ts';
import { anyUnits, propertyRuns } from '../../protocol/property-runs.ts';

async function* emitted(events: readonly ModelEvent[]): AsyncGenerator<ModelEvent> {
  for (const event of events) yield await Promise.resolve(event);
}

async function through(events: readonly ModelEvent[]): Promise<ModelEvent[]> {
  const out: ModelEvent[] = [];
  for await (const event of wholeCodePoints(emitted(events), sendable)) out.push(event);
  return out;
}
const delta = (text: string, part: 'TEXT' | 'REASONING' = 'TEXT'): ModelEvent => ({
  kind: 'delta',
  part,
  text,
});

describe('wholeCodePoints', () => {
  it('gives, however the text is cut, its well-formed form in well-formed pieces, none empty', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyUnits,
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 8 }),
        async (text, cuts) => {
          const at = [0, ...cuts.toSorted((a, b) => a - b), text.length];
          const pieces = at.slice(1).map((to, index) => delta(text.slice(at[index], to)));
          const out = (await through(pieces)).map((event) => (event.kind === 'delta' ? event.text : ''));

          expect(out.join('')).toBe(text.toWellFormed());
          for (const piece of out) expect([piece.isWellFormed(), piece.length > 0]).toEqual([true, true]);
        },
      ),
      propertyRuns(300),
    );
  });

  it('does not join halves of two parts, and keeps the order of all events', async () => {
    const finish: ModelEvent = { kind: 'finish', reason: 'STOP' };

    expect(
      await through([delta('a\ud83d', 'REASONING'), delta('\ude00b'), delta('c\ud83d'), finish]),
    ).toEqual([
      delta('a', 'REASONING'),
      delta('\ufffd', 'REASONING'),
      delta('\ufffdb'),
      delta('c'),
      delta('\ufffd'),
      finish,
    ]);
  });
});

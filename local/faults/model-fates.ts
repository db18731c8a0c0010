import type { FaultSet } from './fault-set.ts';
import { faultStream } from './random.ts';

/** What becomes of one request to the model; `after` is where in the answer, as a fraction of its tokens. */
export type ModelFate =
  | { kind: 'ok' }
  | { kind: 'error'; status: 429 | 500 }
  | { kind: 'cut' | 'truncate' | 'stall'; after: number };

/** Decides the fate of each request to the model in order of arrival; the faults exclude each other, in the order of the set. */
export function createModelFates(set: Pick<FaultSet, 'model' | 'seed'>): () => ModelFate {
  const errors = faultStream(set.seed, 'modelError');
  const endings = [
    { kind: 'cut', random: faultStream(set.seed, 'modelCut') },
    { kind: 'truncate', random: faultStream(set.seed, 'modelTruncate') },
    { kind: 'stall', random: faultStream(set.seed, 'modelStall') },
  ] as const;
  return () => {
    const [fails, how] = [errors(), errors()];
    const drawn = endings.map(({ kind, random }) => ({ kind, ends: random(), after: random() }));
    if (fails < set.model.error) return { kind: 'error', status: how < 0.5 ? 429 : 500 };
    const ending = drawn.find(({ kind, ends }) => ends < set.model[kind]);
    return ending === undefined ? { kind: 'ok' } : { kind: ending.kind, after: ending.after };
  };
}

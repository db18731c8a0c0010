import { ChatError } from '../../protocol/errors.ts';

/**
 * Passes chunks on and throws UPSTREAM_TIMEOUT when none comes for `idleMs`: the openai package has no timeout between
 * chunks. `abort` is called on the way out, so that a silent request does not stay open.
 */
export async function* withIdleTimeout<Chunk>(
  chunks: AsyncIterable<Chunk>,
  idleMs: number,
  abort: () => void,
): AsyncGenerator<Chunk, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const silence = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new ChatError('UPSTREAM_TIMEOUT')), idleMs);
      });
      try {
        const next = iterator.next();
        next.catch(() => undefined);
        const result = await Promise.race([next, silence]);
        if (result.done) return;
        yield result.value;
      } finally {
        clearTimeout(timer);
      }
    }
  } finally {
    abort();
  }
}

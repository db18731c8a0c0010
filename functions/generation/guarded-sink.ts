import type { Sink } from './stream.ts';

/**
 * A sink that cannot harm the generation: its first error is told to `onFailure`, and it is not called again. No call of
 * the result throws.
 */
export function guarded(sink: Sink, onFailure: (error: unknown) => void): Sink {
  let isBroken = false;
  const guard = (call: () => void) => {
    if (isBroken) return;
    try {
      call();
    } catch (error) {
      isBroken = true;
      onFailure(error);
    }
  };
  return {
    start: () => guard(() => sink.start()),
    delta: (delta) => guard(() => sink.delta(delta)),
    end: (terminal) => guard(() => sink.end(terminal)),
    leave: () => guard(() => sink.leave()),
  };
}

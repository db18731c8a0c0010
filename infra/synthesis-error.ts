/** What a person can fix in configuration or sources. `app.ts` prints its message alone, without a stack trace. */
export class SynthesisError extends Error {
  override readonly name = 'SynthesisError';
}

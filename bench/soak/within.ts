/** Something did not happen in the time it was given. */
export class Stuck extends Error {
  override readonly name = 'Stuck';
}

/** The promise, or `Stuck` when it is not settled in time; what comes later is ignored. */
export async function within<Value>(promise: Promise<Value>, ms: number, what: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Stuck(`${what}: not within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

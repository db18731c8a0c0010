/** A storage that shows what it keeps; `isBroken` makes every use of it throw, as a browser's may. */
export function memoryStorage(stored: Record<string, string> = {}) {
  const kept = new Map(Object.entries(stored));
  const storage = {
    kept,
    isBroken: false,
    getItem: (key: string) => used(() => kept.get(key) ?? null),
    setItem: (key: string, value: string) => used(() => void kept.set(key, value)),
    removeItem: (key: string) => used(() => void kept.delete(key)),
  };
  const used = <Result>(use: () => Result): Result => {
    if (storage.isBroken) throw new DOMException('denied', 'SecurityError');
    return use();
  };
  return storage;
}

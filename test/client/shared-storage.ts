const METHODS = {
  getItem(this: Record<string, string>, key: string): string | null {
    return this[key] ?? null;
  },
  setItem(this: Record<string, string>, key: string, value: string): void {
    this[key] = value;
  },
  removeItem(this: Record<string, string>, key: string): void {
    Reflect.deleteProperty(this, key);
  },
};

/** What all tabs of a browser share, with its items as its own properties, like `localStorage`. */
export function sharedStorage(): Storage {
  return Object.create(METHODS) as Storage;
}

/** Puts the time of one connection down to the conversations it watches. */
export interface ConnectionMeter {
  /** A subscription started; the returned function ends it. Safe to call twice. */
  subscribed(conversationId: string | undefined): () => void;
  /** Charges the time since the last call. */
  settle(): void;
  /** Charges the rest. Nothing is charged afterwards. */
  closed(): void;
}

/**
 * A meter for a connection that opens now. AppSync bills a connection once, however many subscriptions it carries, so its
 * time is split evenly among the conversations it watches at that moment; while it watches none it is charged to none.
 * The parts add up to the time it was open.
 */
export function createConnectionMeter(
  now: () => number,
  charge: (conversationId: string | undefined, ms: number) => void,
): ConnectionMeter {
  const watched = new Map<string, number>();
  let settledAt = now();
  let isOpen = true;
  const settle = (): void => {
    if (!isOpen) return;
    const ms = now() - settledAt;
    settledAt += ms;
    if (ms === 0) return;
    if (watched.size === 0) charge(undefined, ms);
    for (const conversationId of watched.keys()) charge(conversationId, ms / watched.size);
  };
  return {
    subscribed(conversationId) {
      settle();
      if (conversationId === undefined) return () => undefined;
      watched.set(conversationId, (watched.get(conversationId) ?? 0) + 1);
      let hasEnded = false;
      return () => {
        if (hasEnded) return;
        hasEnded = true;
        settle();
        const left = (watched.get(conversationId) ?? 1) - 1;
        if (left === 0) watched.delete(conversationId);
        else watched.set(conversationId, left);
      };
    },
    settle,
    closed() {
      settle();
      isOpen = false;
    },
  };
}

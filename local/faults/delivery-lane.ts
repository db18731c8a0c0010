import type { DeliveryFate } from './delivery-fates.ts';

/** How long a held-back delivery waits for a successor before it goes out alone. */
export const HOLD_MS = 200;

/** The way of one subscription's deliveries to its socket. */
export interface DeliveryLane {
  /** Takes a delivery; it leaves at once, later, twice or never. `corrupt` makes the altered form when it is needed. */
  deliver(payload: string, fate: DeliveryFate, corrupt: (payload: string, at: number) => string): void;
  /** Forgets what is under way. */
  close(): void;
}

/** Carries out fates. `send` gets each payload that arrives, in the order of arrival; timers are arguments. */
export function createDeliveryLane(
  send: (payload: string) => void,
  timers: Pick<typeof globalThis, 'setTimeout' | 'clearTimeout'> = globalThis,
): DeliveryLane {
  const pending = new Set<NodeJS.Timeout>();
  let held: { payloads: string[]; timer: NodeJS.Timeout } | undefined;

  const later = (ms: number, run: () => void): NodeJS.Timeout => {
    const timer = timers.setTimeout(() => {
      pending.delete(timer);
      run();
    }, ms);
    timer.unref();
    pending.add(timer);
    return timer;
  };
  const release = (): void => {
    if (held === undefined) return;
    const { payloads, timer } = held;
    timers.clearTimeout(timer);
    pending.delete(timer);
    held = undefined;
    for (const payload of payloads) send(payload);
  };
  const arrive = (payloads: string[], heldBack: boolean): void => {
    if (heldBack && held === undefined) {
      held = { payloads, timer: later(HOLD_MS, release) };
      return;
    }
    for (const payload of payloads) send(payload);
    release();
  };
  return {
    deliver(payload, fate, corrupt) {
      if (fate.copies === 0) return;
      const altered = fate.corruptAt === undefined ? payload : corrupt(payload, fate.corruptAt);
      const payloads = Array.from({ length: fate.copies }, () => altered);
      if (fate.delayMs <= 0) arrive(payloads, fate.heldBack);
      else later(fate.delayMs, () => arrive(payloads, fate.heldBack));
    },
    close() {
      for (const timer of pending) timers.clearTimeout(timer);
      pending.clear();
      held = undefined;
    },
  };
}

import type { AssistantMessageItem } from '../../protocol/items.ts';
import { CANCEL_POLL_MS, LEASE_MS, LEASE_RENEW_MS } from '../../protocol/limits.ts';
import { writeOwn } from '../rules/own-write.ts';
import { runRule } from '../table/run-rule.ts';
import type { Table } from '../table/table.ts';
import type { Clock } from './clock.ts';

/** Why a running generation must stop. */
export type StopReason = 'cancelled' | 'fenced' | 'deleted' | 'deadline' | 'persist';

/** A watch over a claimed message. */
export interface MessageWatch {
  /** When the cancel was requested, once the flag was seen. */
  readonly cancelRequestedAt: string | undefined;
  /** Ends it: nothing is read or written any more but what is on its way. */
  close(): void;
}

/**
 * Watches the claimed message while the model writes: renews the lease every 5 s and looks for the cancel flag every
 * 500 ms with a cheap read. What a cheap read seems to show (gone, taken over) is confirmed by a strong one. Calls `stop`
 * at most once; a failing read or renewal changes nothing, because no safety rests on the lease.
 */
export function watchMessage(
  table: Table,
  message: AssistantMessageItem,
  clock: Clock,
  stop: (reason: StopReason) => void,
): MessageWatch {
  const key = { pk: message.pk, sk: message.sk };
  const attributes = ['status', 'attempt', 'claimId', 'cancelRequestedAt'];
  let renewedAt = clock.now();
  let isOpen = true;
  let cancelRequestedAt: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const isHeld = (stored: AssistantMessageItem | undefined) =>
    stored?.status === 'STREAMING' &&
    stored.attempt === message.attempt &&
    stored.claimId === message.claimId;

  const end = (reason: StopReason) => {
    if (!isOpen) return;
    isOpen = false;
    stop(reason);
  };

  const endIfCancelled = (stored: AssistantMessageItem | undefined) => {
    if (!stored?.cancelRequestedAt) return;
    cancelRequestedAt = stored.cancelRequestedAt;
    end('cancelled');
  };

  async function look(): Promise<void> {
    const seen = await table.get<AssistantMessageItem>(key, { cheap: true, attributes });
    if (isHeld(seen)) return endIfCancelled(seen);
    const stored = await table.get<AssistantMessageItem>(key, { attributes });
    if (!stored) end('deleted');
    else if (!isHeld(stored)) end('fenced');
    else endIfCancelled(stored);
  }

  async function renew(): Promise<void> {
    const now = clock.now();
    if (!isOpen || now - renewedAt < LEASE_RENEW_MS) return;
    const values = { leaseUntil: now + LEASE_MS };
    const result = await runRule({ table }, writeOwn('renew', message, { values, isOptional: true }));
    if (result === 'written') renewedAt = now;
    else end(result);
  }

  function schedule(): void {
    timer = setTimeout(() => {
      look()
        .catch(() => undefined)
        .then(renew)
        .catch(() => undefined)
        .finally(() => {
          if (isOpen) schedule();
        });
    }, CANCEL_POLL_MS);
  }

  schedule();
  return {
    get cancelRequestedAt() {
      return cancelRequestedAt;
    },
    close() {
      isOpen = false;
      clearTimeout(timer);
    },
  };
}

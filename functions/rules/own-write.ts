import type { AssistantMessageItem } from '../../protocol/items.ts';
import { assign, type Expression } from '../../protocol/writes.ts';
import { get, update, type Rule } from './operations.ts';

/** Why a worker may not write any more. `cancelled` only where the write asked to be refused by the flag. */
export type Refusal = 'fenced' | 'deleted' | 'cancelled';

/** A write of the worker to the message it claimed. */
export interface OwnWrite {
  readonly values: Record<string, unknown>;
  readonly removed?: readonly string[];
  /** Tried and explained once: an unknown outcome is thrown instead of being repeated until known. */
  readonly isOptional?: boolean;
  /** Also refused when the cancel flag is set. */
  readonly unlessCancelled?: boolean;
  /** Whether a stored item shows that this very write happened although its result was lost. */
  readonly happened?: (stored: AssistantMessageItem) => boolean;
}

function heldBy(message: AssistantMessageItem, unlessCancelled: boolean | undefined): Expression {
  const cancel = unlessCancelled ? ' AND attribute_not_exists(#cancelRequestedAt)' : '';
  return {
    expression: `#status = :streaming AND #attempt = :ownAttempt AND #claimId = :ownClaim${cancel}`,
    names: {
      '#status': 'status',
      '#attempt': 'attempt',
      '#claimId': 'claimId',
      ...(unlessCancelled ? { '#cancelRequestedAt': 'cancelRequestedAt' } : {}),
    },
    values: { ':streaming': 'STREAMING', ':ownAttempt': message.attempt, ':ownClaim': message.claimId },
  };
}

/**
 * Writes to the claimed message, conditional on still holding it (STREAMING, attempt, claim), until the outcome is known.
 * A refusal is explained by a strong read, so that one's own write whose answer was lost is not taken for a fence.
 */
export function* writeOwn(
  step: string,
  message: AssistantMessageItem,
  write: OwnWrite,
): Rule<'written' | Refusal> {
  const key = { pk: message.pk, sk: message.sk };
  const result = yield* update<AssistantMessageItem>(
    step,
    {
      key,
      update: assign(write.values, write.removed),
      condition: heldBy(message, write.unlessCancelled),
    },
    write.isOptional,
  );
  if (result !== 'refused') return 'written';
  const stored = yield* get<AssistantMessageItem>(`${step}.why`, key, write.isOptional);
  if (!stored) return 'deleted';
  if (write.happened?.(stored)) return 'written';
  const isOwn =
    stored.status === 'STREAMING' && stored.attempt === message.attempt && stored.claimId === message.claimId;
  return write.unlessCancelled && isOwn && stored.cancelRequestedAt ? 'cancelled' : 'fenced';
}

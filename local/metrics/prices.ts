import type { Work } from './work.ts';

/** Database units, in DynamoDB's terms. */
export interface DatabaseUnits {
  readUnits: number;
  writeUnits: number;
}

const PER_MILLION = 1 / 1_000_000;

/**
 * List prices of us-east-1 in USD, collected in November 2026 from the pricing pages of AppSync, Lambda and DynamoDB. No free
 * tier, no data transfer, no storage. docs/cost.md shows the same numbers; a test holds the two together.
 */
export const PRICES = {
  /** A query or mutation. */
  appSyncOperation: 4 * PER_MILLION,
  /** A delivery of up to 5 KB, a connect or a subscription start. */
  realtimeUnit: 2 * PER_MILLION,
  connectionMinute: 0.08 * PER_MILLION,
  lambdaRequest: 0.2 * PER_MILLION,
  /** arm64, which the stack deploys. */
  lambdaGbSecond: 0.0000133334,
  /** Beyond the first 6 MB of an answer. The exact rate is not confirmed. */
  streamedGb: 0.008,
  writeUnit: 0.625 * PER_MILLION,
  readUnit: 0.125 * PER_MILLION,
} as const;

/** What the work would cost at `PRICES`. */
export function usdOf(work: Readonly<Work>, units: Readonly<DatabaseUnits>): number {
  return (
    (work.mutations + work.queries) * PRICES.appSyncOperation +
    (work.deliveryUnits + work.realtimeOperations) * PRICES.realtimeUnit +
    (work.connectionMs / 60_000) * PRICES.connectionMinute +
    work.lambdaInvocations * PRICES.lambdaRequest +
    work.lambdaGbSeconds * PRICES.lambdaGbSecond +
    (work.billedStreamBytes / 1024 ** 3) * PRICES.streamedGb +
    units.writeUnits * PRICES.writeUnit +
    units.readUnits * PRICES.readUnit
  );
}

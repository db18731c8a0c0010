import { describe, expect, it } from 'vitest';
import * as limits from '../../protocol/limits.ts';

/** The limits the contract and the design name; a change here is a change of either. */
const STATED = {
  MAX_TEXT_UNITS: 32_000,
  MAX_TITLE_UNITS: 200,
  MAX_ID_LENGTH: 64,
  DEFAULT_PAGE_SIZE: 50,
  MAX_PAGE_SIZE: 100,
  MAX_BATCH_BYTES: 4_096,
  MAX_INLINE_TEXT_BYTES: 32 * 1_024,
  MAX_BODY_BYTES: 256 * 1_024,
  START_BY_MS: 60_000,
  REINVOKE_MS: 2_000,
  LEASE_MS: 15_000,
  LEASE_RENEW_MS: 5_000,
  SUSPECT_AFTER_MS: 3_000,
  CANCEL_POLL_MS: 500,
  DEADLINE_MARGIN_MS: 8_000,
  MAX_HANDOVERS: 12,
  PUBLISH_TIMEOUT_MS: 2_000,
  PUBLISH_RETRY_DELAYS_MS: [100, 300, 900],
  HEARTBEAT_MS: 5_000,
  MODEL_IDLE_MS: 30_000,
  MODEL_IDLE_REASONING_MS: 90_000,
  LOG_TTL_SECONDS: 30 * 24 * 60 * 60,
  SSE_HEARTBEAT_MS: 10_000,
  SSE_RETRY_MS: 2_000,
  MAX_SSE_BUFFER_BYTES: 1_024 * 1_024,
  DOOR_MARGIN_MS: 10_000,
  GAP_PATIENCE_MS: 300,
  MAX_HELD_BATCHES: 64,
};

/** A UTF-16 unit has at most this many bytes in UTF-8: a pair has 4 for two units. */
const MAX_BYTES_PER_UNIT = 3;

describe('limits', () => {
  it.each(Object.entries(STATED))('%s is as stated', (name, value) => {
    expect(limits).toHaveProperty(name, value);
  });

  it('keeps pages and text items below 256 KB, whatever the text', () => {
    expect(limits.MAX_STATE_PAGE_UNITS * MAX_BYTES_PER_UNIT).toBeLessThanOrEqual(256 * 1_024);
    expect(limits.MAX_TEXT_ITEM_UNITS * MAX_BYTES_PER_UNIT).toBeLessThanOrEqual(256 * 1_024);
  });

  it('fits the longest send into an HTTP body and a derived title into a title', () => {
    expect(limits.MAX_TEXT_UNITS * MAX_BYTES_PER_UNIT).toBeLessThan(limits.MAX_BODY_BYTES);
    expect(limits.DERIVED_TITLE_UNITS).toBeLessThanOrEqual(limits.MAX_TITLE_UNITS);
  });

  it('fits a page of log items into the 1,000 turns of an AppSync loop', () => {
    expect(limits.MAX_STATE_PAGE_ITEMS).toBeLessThan(1_000);
  });

  it('makes progress with every page: a log batch and a text item fit', () => {
    expect(limits.MAX_STATE_PAGE_UNITS).toBeGreaterThanOrEqual(limits.MAX_BATCH_BYTES);
    expect(limits.MAX_STATE_PAGE_UNITS).toBeGreaterThanOrEqual(limits.MAX_TEXT_ITEM_UNITS);
  });

  it('renews a lease twice before it ends', () => {
    expect(limits.LEASE_RENEW_MS * 2).toBeLessThan(limits.LEASE_MS);
  });
});

import { defineConfig } from 'vitest/config';

/** Every project's: whoever waits waits for the thing itself, however busy the machine is. */
const PATIENT = {
  setupFiles: ['test/patience.ts'],
  expect: { poll: { timeout: 15_000 } },
};

/**
 * For a machine with two cores: vitest alone would leave one of them out. Contract tests mostly wait, for leases, pauses and
 * tokens, so more of them fit. Vitest runs projects that differ in workers one group after the other.
 */
const CONTRACT_FIRST = { maxWorkers: 5, sequence: { groupOrder: 0 } };
const THEN_OTHERS = { maxWorkers: 3, sequence: { groupOrder: 1 } };

/**
 * unit: pure code and single parts, real sockets on free ports at most.
 * react: hooks and components in a simulated document. infra: what the CDK app synthesizes. contract: real parts against
 * the running local stack (or a deployed one). browser: the page, the playground and the library in headless Chromium.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...PATIENT,
          ...THEN_OTHERS,
          name: 'unit',
          // Two hundred small files: a thread starts in less of a core's time than a process.
          pool: 'threads',
          environment: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/infra/**', 'test/contract/**', 'test/lint/**', 'test/browser/**'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          ...PATIENT,
          ...THEN_OTHERS,
          name: 'react',
          environment: 'happy-dom',
          include: ['test/client/**/*.test.tsx'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          ...PATIENT,
          ...THEN_OTHERS,
          name: 'infra',
          environment: 'node',
          include: ['test/infra/**/*.test.ts', 'test/lint/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...PATIENT,
          ...THEN_OTHERS,
          name: 'browser',
          environment: 'node',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/contract/synthesize.ts', 'test/browser/build-page.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...PATIENT,
          ...CONTRACT_FIRST,
          name: 'contract',
          environment: 'node',
          include: ['test/contract/**/*.test.ts'],
          globalSetup: ['test/contract/synthesize.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});

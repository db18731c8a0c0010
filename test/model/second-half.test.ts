import { describe, vi } from 'vitest';
import { holdsFrom } from './holds.ts';

vi.mock('@aws-appsync/utils', () => import('./appsync-utils.ts'));
vi.mock('../../protocol/limits.ts', async (original) => ({
  ...(await original<Record<string, unknown>>()),
  ...(await import('./small-limits.ts')).SMALL_LIMITS,
}));

describe('the executable model, second half', () => holdsFrom(50_001, 50_000));

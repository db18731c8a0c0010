import { describe, expect, it } from 'vitest';
import { writeOwn } from '../../../functions/rules/own-write.ts';
import { seededChat, streaming } from '../chat-fixture.ts';

describe('writeOwn', () => {
  it.each([
    ['goes on until it knows why it was refused', false],
    ['asks once why an optional write was refused, as it writes once', true],
  ])('%s', (_name, isOptional) => {
    const rule = writeOwn('renew', streaming(seededChat()), { values: { leaseUntil: 1 }, isOptional });

    expect(rule.next().value).toMatchObject({ kind: 'update', once: isOptional });
    expect(rule.next('refused').value).toMatchObject({ kind: 'get', once: isOptional });
  });
});

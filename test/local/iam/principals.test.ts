import { describe, expect, it } from 'vitest';

import { AccessDeniedError, authorize, createPrincipals, denied } from '../../../local/iam/index.ts';
import type { Role } from '../../../local/iam/index.ts';

const roleArn = (name: string): string => `arn:aws:iam::111122223333:role/${name}`;
const role = (name: string, sessionName?: string): Role => ({
  name,
  arn: roleArn(name),
  statements: [{ Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: 'arn:table' }],
  sessionName,
});

describe('createPrincipals', () => {
  it('finds the principal of a role by its access key', () => {
    const principals = createPrincipals([role('a', 'generate'), role('b')], 'secret');
    const a = principals.byRole(roleArn('a'))!;
    expect(principals.byAccessKey(a.accessKeyId)).toBe(a);
    expect(a.arn).toBe('arn:aws:sts::111122223333:assumed-role/a/generate');
    expect(a.accessKeyId).toMatch(/^ASIA[A-Z0-9]{16}$/);
    expect(principals.byRole(roleArn('b'))?.arn).toBe('arn:aws:sts::111122223333:assumed-role/b/b');
    expect(principals.byAccessKey('ASIA0')).toBeUndefined();
  });

  it('keeps the credentials of a role that stays and forgets one that goes', () => {
    const principals = createPrincipals([role('a'), role('b')], 'secret');
    const before = principals.byRole(roleArn('a'))!;
    const gone = principals.byRole(roleArn('b'))!;
    principals.replace([{ ...role('a'), statements: [] }]);
    const after = principals.byRole(roleArn('a'))!;
    expect(after.secretAccessKey).toBe(before.secretAccessKey);
    expect(after.statements).toEqual([]);
    expect(principals.byAccessKey(gone.accessKeyId)).toBeUndefined();
  });

  it('derives other credentials from another secret and for another role', () => {
    const keys = ['one', 'two'].flatMap((secret) =>
      createPrincipals([role('a'), role('b')], secret)
        .list()
        .flatMap((principal) => [principal.accessKeyId, principal.secretAccessKey, principal.sessionToken]),
    );
    expect(new Set(keys).size).toBe(12);
  });

  it('survives JSON, so that another process can hold it', () => {
    const [principal] = createPrincipals([role('a')], 'secret').list();
    expect(JSON.parse(JSON.stringify(principal))).toEqual(principal);
  });
});

describe('authorize', () => {
  const principal = createPrincipals([role('a', 'f')], 'secret').list()[0]!;

  it('passes what a statement allows', () => {
    expect(() => authorize(principal, 'dynamodb:GetItem', 'arn:table')).not.toThrow();
  });

  it("refuses with AWS's sentence", () => {
    const sentence =
      'User: arn:aws:sts::111122223333:assumed-role/a/f is not authorized to perform: dynamodb:PutItem on resource: arn:table because no identity-based policy allows the dynamodb:PutItem action';
    const refused = (): void => authorize(principal, 'dynamodb:PutItem', 'arn:table');
    expect(refused).toThrow(AccessDeniedError);
    expect(refused).toThrow(sentence);
    expect(denied(principal, 'dynamodb:PutItem', 'arn:table')).toBe(sentence);
  });

  it('says when a Deny decided', () => {
    const blocked = { ...principal, statements: [{ Effect: 'Deny' as const, Action: '*', Resource: '*' }] };
    expect(() => authorize(blocked, 'a:b', 'r')).toThrow(
      /with an explicit deny in an identity-based policy$/,
    );
  });
});

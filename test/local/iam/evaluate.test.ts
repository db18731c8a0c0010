import { describe, expect, it } from 'vitest';

import {
  checkStatement,
  evaluate,
  matchesPattern,
  UnsupportedPolicyError,
} from '../../../local/iam/index.ts';
import type { ConditionBlock, PolicyStatement } from '../../../local/iam/index.ts';

const table = 'arn:aws:dynamodb:us-east-1:111122223333:table/Chat';
const allow = (parts: Partial<PolicyStatement>): PolicyStatement => ({ Effect: 'Allow', ...parts });

describe('matchesPattern', () => {
  it.each([
    ['*', '', true],
    ['a*', 'a', true],
    ['a*c', 'abbc', true],
    ['a*c', 'abbd', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*:table/*/index/*', 'arn:x:table/T/index/byOwner', true],
    ['dynamodb:*Item', 'dynamodb:PutItem', true],
    ['dynamodb:*Item', 'dynamodb:PutItems', false],
    ['a.c', 'abc', false],
    ['', 'a', false],
    ['**a', 'bba', true],
  ])('%j against %j is %j', (pattern, text, expected) => {
    expect(matchesPattern(pattern, text)).toBe(expected);
  });
});

describe('evaluate', () => {
  it('denies implicitly without statements', () => {
    expect(evaluate([], 'dynamodb:PutItem', table)).toBe('implicitDeny');
  });

  it('allows an action out of a list on a resource out of a list', () => {
    const statement = allow({
      Action: ['dynamodb:GetItem', 'dynamodb:PutItem'],
      Resource: [`${table}/index/*`, table],
    });
    expect(evaluate([statement], 'dynamodb:PutItem', table)).toBe('allowed');
    expect(evaluate([statement], 'dynamodb:DeleteItem', table)).toBe('implicitDeny');
    expect(evaluate([statement], 'dynamodb:PutItem', `${table}2`)).toBe('implicitDeny');
  });

  it('compares actions without case and resources with case', () => {
    const statement = allow({
      Action: 'appsync:graphql',
      Resource: 'arn:aws:appsync:*:*:apis/a/types/Mutation/fields/p',
    });
    const resource = 'arn:aws:appsync:us-east-1:1:apis/a/types/Mutation/fields/';
    expect(evaluate([statement], 'appsync:GraphQL', `${resource}p`)).toBe('allowed');
    expect(evaluate([statement], 'appsync:GraphQL', `${resource}P`)).toBe('implicitDeny');
  });

  it('lets a matching Deny win over any Allow, in either order', () => {
    const every = allow({ Action: '*', Resource: '*' });
    const deny: PolicyStatement = { Effect: 'Deny', Action: 'dynamodb:DeleteItem', Resource: '*' };
    for (const statements of [
      [every, deny],
      [deny, every],
    ]) {
      expect(evaluate(statements, 'dynamodb:DeleteItem', table)).toBe('explicitDeny');
      expect(evaluate(statements, 'dynamodb:GetItem', table)).toBe('allowed');
    }
  });

  it('covers everything but what NotAction and NotResource name', () => {
    const statement = allow({ NotAction: 'dynamodb:Delete*', NotResource: [`${table}/index/*`] });
    expect(evaluate([statement], 'dynamodb:PutItem', table)).toBe('allowed');
    expect(evaluate([statement], 'dynamodb:DeleteItem', table)).toBe('implicitDeny');
    expect(evaluate([statement], 'dynamodb:PutItem', `${table}/index/byOwner`)).toBe('implicitDeny');
  });

  it('refuses an unknown condition operator by name', () => {
    const statement = allow({
      Action: '*',
      Resource: '*',
      Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    });
    expect(() => evaluate([statement], 'dynamodb:GetItem', table)).toThrow(/IpAddress/);
  });
});

describe('conditions', () => {
  const context = {
    'dynamodb:LeadingKeys': ['u:1', 'u:2'],
    'lambda:FunctionUrlAuthType': 'NONE',
    n: 5,
    'aws:SecureTransport': false,
  };
  const rows: [string, ConditionBlock, boolean][] = [
    ['equal', { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } }, true],
    ['key names without case', { StringEquals: { 'Lambda:functionurlauthtype': ['X', 'NONE'] } }, true],
    ['unequal', { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } }, false],
    ['negated', { StringNotEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } }, true],
    ['negated list', { StringNotEquals: { 'lambda:FunctionUrlAuthType': ['AWS_IAM', 'NONE'] } }, false],
    ['absent key', { StringEquals: { absent: 'x' } }, false],
    ['absent key, IfExists', { StringEqualsIfExists: { absent: 'x' } }, true],
    ['absent key, negated', { StringNotLike: { absent: 'x' } }, true],
    ['wildcards', { StringLike: { 'lambda:FunctionUrlAuthType': 'N?N*' } }, true],
    [
      'wildcards are literal for StringEquals',
      { StringEquals: { 'lambda:FunctionUrlAuthType': 'N*' } },
      false,
    ],
    ['ForAllValues', { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['u:1', 'u:2'] } }, true],
    [
      'ForAllValues, one foreign',
      { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['u:1'] } },
      false,
    ],
    ['ForAllValues, absent key', { 'ForAllValues:StringEquals': { absent: ['u:1'] } }, true],
    ['ForAnyValue', { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': 'u:2*' } }, true],
    ['ForAnyValue, absent key', { 'ForAnyValue:StringNotEquals': { absent: 'u:1' } }, false],
    ['Bool', { Bool: { 'aws:SecureTransport': 'false' } }, true],
    ['Null true for an absent key', { Null: { absent: 'true' } }, true],
    ['Null false for an absent key', { Null: { absent: 'false' } }, false],
    ['numbers', { NumericLessThanEquals: { n: '5' }, NumericGreaterThan: { n: 4 } }, true],
    ['two keys are ANDed', { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE', absent: 'x' } }, false],
    [
      'two operators are ANDed',
      { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' }, NumericLessThan: { n: 5 } },
      false,
    ],
    ['ARNs', { ArnLike: { n: '?' } }, true],
  ];
  it.each(rows)('%s', (_name, block, holds) => {
    const statement = allow({ Action: '*', Resource: '*', Condition: block });
    expect(evaluate([statement], 'a:b', 'r', context)).toBe(holds ? 'allowed' : 'implicitDeny');
  });
});

describe('checkStatement', () => {
  it.each([
    [{ Effect: 'Allow', Resource: '*' }, /Action and NotAction/],
    [{ Effect: 'Allow', Action: '*' }, /Resource and NotResource/],
    [{ Effect: 'Allow', Action: 'a:b', Resource: 'arn:${aws:username}' }, /policy variable/],
    [{ Effect: 'Maybe', Action: 'a:b', Resource: '*' }, /Effect/],
    [{ Effect: 'Allow', Action: 'a:b', Resource: '*', Principal: '*' }, /principal/],
    [{ Effect: 'Allow', Action: 'a:b', Resource: { Ref: 'T' } }, /not a string/],
  ])('refuses %j', (statement, message) => {
    const check = (): void => checkStatement(statement as unknown as PolicyStatement, 'Policy');
    expect(check).toThrow(UnsupportedPolicyError);
    expect(check).toThrow(message);
  });

  it('accepts a plain statement', () => {
    expect(() => checkStatement(allow({ Action: 'a:b', Resource: '*' }), 'Policy')).not.toThrow();
  });
});

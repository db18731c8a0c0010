import type { GraphQLScalarType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { readApiSchema } from '../../../local/appsync/schema.ts';

const SDL = /* GraphQL */ `
  type T @aws_iam { own: String @aws_api_key inherited: String }
  type Plain { field: String }
  type Query { open: T @aws_api_key @aws_cognito_user_pools(cognito_groups: ["a", "b"]) plain: Plain }
  type Mutation { put: T @aws_iam other: Plain }
  type Subscription { onPut: T @aws_subscribe(mutations: ["put"]) onBoth: Plain @aws_subscribe(mutations: ["other"]) }
  scalar_use_only_below
`.replace(
  'scalar_use_only_below',
  'type Scalars { a: AWSDate b: AWSTime c: AWSDateTime d: AWSTimestamp e: AWSEmail f: AWSJSON g: AWSPhone h: AWSURL i: AWSIPAddress }',
);

describe('auth directives', () => {
  const api = readApiSchema(SDL, 'AMAZON_COGNITO_USER_POOLS');

  it('count on the field, else on its type, else the default mode alone', () => {
    const modes = (type: string, field: string) => api.grantsOf(type, field)?.map((grant) => grant.mode);
    expect(modes('T', 'own')).toEqual(['API_KEY']);
    expect(modes('T', 'inherited')).toEqual(['AWS_IAM']);
    expect(modes('Plain', 'field')).toEqual(['AMAZON_COGNITO_USER_POOLS']);
    expect(modes('Query', 'open')).toEqual(['API_KEY', 'AMAZON_COGNITO_USER_POOLS']);
    expect(api.grantsOf('Query', 'open')?.[1]?.groups).toEqual(['a', 'b']);
    expect(api.grantsOf('Query', '__schema')).toBeUndefined();
  });

  it('tie subscriptions to mutations', () => {
    expect(api.subscriptionsOf('put')).toEqual(['onPut']);
    expect(api.subscriptionsOf('nothing')).toEqual([]);
  });

  it.each([
    ['type Query { a: String @aws_lambda }', 'the local stack has no @aws_lambda'],
    ['type Query { a: String @aws_oidc }', 'the local stack has no @aws_oidc'],
    [
      'type Query { a: String } type Subscription { s: String @aws_subscribe(mutations: ["m"]) }',
      'Subscription.s watches unknown mutation m',
    ],
    [
      'type Query { a: Int } type Mutation { m: Int } type Subscription { s: String @aws_subscribe(mutations: ["m"]) }',
      'Subscription.s must return what Mutation.m returns',
    ],
  ])('are refused in %s', (sdl, message) => {
    expect(() => readApiSchema(sdl, 'API_KEY')).toThrow(message);
  });
});

describe('AWS scalars', () => {
  const { schema } = readApiSchema(SDL, 'API_KEY');
  it.each([
    [
      'AWSDate',
      ['1970-01-01Z', '2024-02-29', '1970-01-01+05:30'],
      ['2023-02-29', '1970-1-1', '1970-01-01T00:00Z', 1],
    ],
    ['AWSTime', ['12:30', '12:30:24.500Z', '12:30:24+05:30:15'], ['24:00', '12', 1]],
    [
      'AWSDateTime',
      ['1970-01-01T12:30:24.123Z', '2020-01-01T00:00+00:00'],
      ['2019', '1970-01-01T12:30:24', '2020-05-23T06:4:37Z'],
    ],
    ['AWSTimestamp', [0, 1_600_000_000], ['1', 1.5]],
    ['AWSEmail', ['a.b+c@example.com'], ['a@b', 'a b@example.com', 'example.com']],
    ['AWSJSON', ['{"a":1}', '[1]', '1', '"x"', 'null'], ['{a:1}', '', { a: 1 }]],
    ['AWSPhone', ['+1 (650) 555-0100', '6505550100'], ['12', 'abcdefg']],
    ['AWSURL', ['https://example.com/a?b=c', 'ftp://x'], ['example.com', '//x']],
    [
      'AWSIPAddress',
      ['127.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32'],
      ['256.1.1.1', '10.0.0.0/33', 'localhost'],
    ],
  ])('%s takes its formats only', (name, good, bad) => {
    const scalar = schema.getType(name) as GraphQLScalarType;
    for (const value of good) expect(() => scalar.parseValue(value), JSON.stringify(value)).not.toThrow();
    for (const value of bad)
      expect(() => scalar.parseValue(value), JSON.stringify(value)).toThrow('Unable to parse `');
  });

  it('give AWSJSON parsed and take it as any value', () => {
    const json = schema.getType('AWSJSON') as GraphQLScalarType;
    expect(json.parseValue('{"a":[1]}')).toEqual({ a: [1] });
    expect([json.serialize({ a: [1] }), json.serialize('{"a":1}'), json.serialize('plain')]).toEqual([
      '{"a":[1]}',
      '{"a":1}',
      '"plain"',
    ]);
  });
});

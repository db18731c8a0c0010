import { describe, expect, it } from 'vitest';
import type { AuthType } from '../../../../local/appsync/js/index.ts';
import { UNSUPPORTED_BUILTINS } from '../../../../local/appsync/js/builtins.ts';
import { evaluate, runBody } from './handlers.ts';

const NOW = Date.parse('2018-02-06T19:01:35.749Z');
const ports = { now: () => NOW, random: () => 0.5 };

describe('util', () => {
  it.each<[AuthType, string]>([
    ['API_KEY', 'API Key Authorization'],
    ['AWS_IAM', 'IAM Authorization'],
    ['AMAZON_COGNITO_USER_POOLS', 'User Pool Authorization'],
    ['OPENID_CONNECT', 'Open ID Connect Authorization'],
    ['AWS_LAMBDA', 'Lambda Authorization'],
  ])('names the authorization type %s', (authType, text) => {
    expect(evaluate('util.authType()', { authType })).toBe(text);
  });

  it('fails when the engine gave no authorization type', () => {
    expect(runBody('return util.authType();').error?.message).toMatch('no authorization type');
  });

  it.each([
    ["util.base64Encode('ä')", 'w6Q='],
    ["util.base64Decode('w6Q=')", 'ä'],
    ["util.urlEncode('a b&ä~*')", 'a+b%26%C3%A4%7E*'],
    ["util.urlDecode('a+b%26%C3%A4%7E*')", 'a b&ä~*'],
    ["util.escapeJavaScript('a\"\\'/\\\\\\n\\u00e4')", 'a\\"\\\'\\/\\\\\\n\\u00E4'],
    ["util.matches('a*b', 'aaaaab')", true],
    ["util.matches('a*b', 'aaaaabc')", false],
    ["util.matches('^[A-Za-z0-9_-]{1,64}$', 'abc-1')", true],
    ["util.str.normalize('e\\u0301', 'nfc')", 'é'],
    ["util.str.normalize('\\ufb01', 'nfkd')", 'fi'],
    ['util.math.roundNum(2.5)', 3],
    ['util.math.minVal(2, 1)', 1],
    ['util.math.maxVal(2, 1)', 2],
    ['util.math.randomDouble()', 0.5],
    ['util.math.randomWithinRange(10, 20)', 15],
    ['util.autoId()', '88888888-8888-4888-8888-888888888888'],
    ['util.autoUlid()', '01C5P7XAC5GGGGGGGGGGGGGGGG'],
  ])('%s', (expression, value) => {
    expect(evaluate(expression, {}, ports)).toEqual(value);
  });

  it('makes distinct ids from the system by default', () => {
    const [first, second, ulid] = evaluate('[util.autoId(), util.autoId(), util.autoUlid()]') as string[];

    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(second).not.toBe(first);
    expect(ulid).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  it.each([
    ['util.urlDecode("%")', 'URI malformed'],
    ['util.base64Encode(undefined)', 'util.base64Encode expects a string, got null'],
    ['util.str.normalize("a", "nfx")', "no form 'nfx'"],
    ['util.math.roundNum("1")', 'util.math.roundNum expects a number, got "1"'],
    ['util.error({})', 'util.error expects a string'],
    ['util.matches("(", "a")', 'Invalid regular expression'],
  ])('refuses %s', (expression, message) => {
    expect(runBody(`return ${expression};`).error).toMatchObject({
      type: null,
      message: expect.stringContaining(message) as string,
    });
  });

  it.each(UNSUPPORTED_BUILTINS)('names %s when it is called', (name) => {
    expect(runBody(`return ${name}('a', 'b', {});`).error?.message).toMatch(
      `${name} is not supported by the local APPSYNC_JS runtime`,
    );
  });
});

describe('util.time', () => {
  it.each([
    ['nowISO8601()', '2018-02-06T19:01:35.749Z'],
    ['nowEpochSeconds()', 1_517_943_695],
    ['nowEpochMilliSeconds()', NOW],
    ["nowFormatted('yyyy-MM-dd HH:mm:ssZ')", '2018-02-06 19:01:35+0000'],
    ["nowFormatted('yyyy-MM-dd HH:mm:ssZ', 'Australia/Perth')", '2018-02-07 03:01:35+0800'],
    [
      "parseFormattedToEpochMilliSeconds('2018-02-06 19:01:35+0000', 'yyyy-MM-dd HH:mm:ssZ')",
      1_517_943_695_000,
    ],
    [
      "parseFormattedToEpochMilliSeconds('2018-02-06 19:01:35', 'yyyy-MM-dd HH:mm:ss', 'Australia/Perth')",
      1_517_914_895_000,
    ],
    ["parseISO8601ToEpochMilliSeconds('2018-02-01T17:21:05.180+08:00')", 1_517_476_865_180],
    ["parseISO8601ToEpochMilliSeconds('2018-02-01T09:21:05Z')", 1_517_476_865_000],
    ['epochMilliSecondsToSeconds(1517943695750)', 1_517_943_695],
    ['epochMilliSecondsToISO8601(1517943695750)', '2018-02-06T19:01:35.750Z'],
    ["epochMilliSecondsToFormatted(1517943695750, 'yyyy-MM-dd HH:mm:ssZ')", '2018-02-06 19:01:35+0000'],
    [
      "epochMilliSecondsToFormatted(1517943695750, 'yyyy-MM-dd HH:mm:ssZ', 'Australia/Perth')",
      '2018-02-07 03:01:35+0800',
    ],
  ])('%s', (expression, value) => {
    expect(evaluate(`util.time.${expression}`, {}, ports)).toBe(value);
  });

  it.each(['yesterday', '2018-02-01', '2018-02-01T17:21:05', '2018-13-01T17:21:05Z', ''])(
    'refuses %j as ISO 8601',
    (text) => {
      expect(
        runBody('return util.time.parseISO8601ToEpochMilliSeconds(ctx.args.text);', { args: { text } }).error,
      ).toMatchObject({ type: null, message: expect.stringContaining('is not an ISO 8601') as string });
    },
  );
});

describe('util.dynamodb', () => {
  it.each([
    ["toDynamoDB('test')", { S: 'test' }],
    ['toDynamoDB(12345)', { N: 12345 }],
    ['toDynamoDB(true)', { BOOL: true }],
    ['toDynamoDB(null)', { NULL: null }],
    ['toDynamoDB([1])', { L: [{ N: 1 }] }],
    ["toString('test')", { S: 'test' }],
    ["toStringSet(['foo', 'bar'])", { SS: ['foo', 'bar'] }],
    ['toNumber(12345)', { N: 12345 }],
    ['toNumberSet([1, 23, 4.56])', { NS: [1, 23, 4.56] }],
    ["toBinary('foo')", { B: 'foo' }],
    ["toBinarySet(['foo'])", { BS: ['foo'] }],
    ['toBoolean(false)', { BOOL: false }],
    ['toNull()', { NULL: null }],
    ["toList(['foo', 123, { bar: 'baz' }])", { L: [{ S: 'foo' }, { N: 123 }, { M: { bar: { S: 'baz' } } }] }],
    ["toMap({ foo: 'bar', beep: ['boop'] })", { M: { foo: { S: 'bar' }, beep: { L: [{ S: 'boop' }] } } }],
    ["toMapValues({ foo: 'bar', baz: 1234, none: undefined })", { foo: { S: 'bar' }, baz: { N: 1234 } }],
    ["toS3Object('foo', 'bar', 'baz')", { S: '{"s3":{"key":"foo","bucket":"bar","region":"baz"}}' }],
    [
      "toS3Object('foo', 'bar', 'baz', 'beep')",
      { S: '{"s3":{"key":"foo","bucket":"bar","region":"baz","version":"beep"}}' },
    ],
    ['fromS3ObjectJson(\'{"s3":{"key":"foo"}}\')', { key: 'foo' }],
    ['toString(null)', null],
    ['toNumber(undefined)', null],
    ["toMapValues('x')", null],
  ])('%s', (expression, value) => {
    expect(evaluate(`util.dynamodb.${expression}`)).toEqual(value);
  });
});

describe('util.http', () => {
  it('copies headers without the restricted ones', () => {
    const headers = { Host: 'x', te: 'x', 'content-length': '1', authorization: 'a', 'x-a': ['b', 'c'] };

    expect(
      evaluate('util.http.copyHeaders(ctx.request.headers)', { request: { headers, domainName: null } }),
    ).toEqual({
      authorization: 'a',
      'x-a': ['b', 'c'],
    });
  });

  it('collects response headers, the last value per name', () => {
    const { responseHeaders, appendedErrors } = runBody(
      "util.http.addResponseHeader('itemsCount', 7); util.http.addResponseHeaders({ render: 'a', Render: { b: 1 } });",
    );

    expect(responseHeaders).toEqual({ itemscount: '7', render: '{"b":1}' });
    expect(appendedErrors).toEqual([]);
  });

  it.each([
    ["''", "'x'", 'has no name'],
    ["'Content-Type'", "'x'", 'is restricted'],
    ["'connection'", "'x'", 'is restricted'],
    ["'x-amz-id'", "'x'", 'is restricted'],
    ["'x-amzn-id'", "'x'", 'is restricted'],
    ["'x-a'", 'null', 'has no value'],
    ["'x-a'", 'ctx.args.long', 'exceeds 4096 bytes'],
  ])('leaves out the header %s: %s and adds an error', (name, value, reason) => {
    const outcome = runBody(`util.http.addResponseHeader(${name}, ${value}); return 1;`, {
      args: { long: 'x'.repeat(4_094) },
    });

    expect(outcome).toMatchObject({ result: 1, responseHeaders: {} });
    expect(outcome.appendedErrors).toMatchObject([
      { type: 'ResponseHeaderError', message: expect.stringContaining(reason) as string },
    ]);
  });
});

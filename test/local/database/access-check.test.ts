import { describe, expect, it } from 'vitest';
import { createAccessCheck, type DatabasePrincipal } from '../../../local/database/access-check.ts';

const TABLE = 'arn:aws:dynamodb:us-east-1:111122223333:table/chat';
const arnOf = (name: string) => TABLE.replace(/chat$/, name);
const authorization = (accessKeyId: string) =>
  `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20300101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=abc`;

const reader: DatabasePrincipal = {
  accessKeyId: 'ASIAREADER',
  arn: 'arn:aws:sts::111122223333:assumed-role/reader/http',
  statements: [
    {
      Effect: 'Allow',
      Action: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem'],
      Resource: TABLE,
    },
    { Effect: 'Deny', Action: 'dynamodb:Query', Resource: `${TABLE}/index/*` },
  ],
};

describe('createAccessCheck', () => {
  const check = createAccessCheck([reader], arnOf);
  const refusal = (
    operation: string,
    input: object,
    header: string | undefined = authorization('ASIAREADER'),
  ) => check.refusalOf(header, operation, { ...input });

  it('lets a granted request through, again and again', () => {
    expect([1, 2, 3].map(() => refusal('GetItem', { TableName: 'chat' }))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('refuses in the words of AWS what no policy allows', () => {
    const refused = {
      __type: 'com.amazon.coral.service#AccessDeniedException',
      Message: `User: arn:aws:sts::111122223333:assumed-role/reader/http is not authorized to perform: dynamodb:PutItem on resource: ${TABLE} because no identity-based policy allows the dynamodb:PutItem action`,
    };

    expect([1, 2].map(() => refusal('PutItem', { TableName: 'chat' }))).toEqual([refused, refused]);
  });

  it('names the explicit deny of an index', () => {
    expect(refusal('Query', { TableName: 'chat', IndexName: 'listing' })?.Message).toMatch(
      /table\/chat\/index\/listing with an explicit deny in an identity-based policy$/,
    );
  });

  it('refuses a batch when one of its tables is not granted', () => {
    expect(refusal('BatchGetItem', { RequestItems: { chat: {} } })).toBeUndefined();
    expect(refusal('BatchGetItem', { RequestItems: { chat: {}, other: {} } })?.Message).toContain(
      'table/other',
    );
  });

  it('refuses a request that names no table', () => {
    expect(refusal('GetItem', {})?.Message).toContain('on resource: * because');
  });

  it.each([undefined, '', 'Bearer x', 'AWS4-HMAC-SHA256 SignedHeaders=host', 'Credential=ASIAREADER/x'])(
    'refuses %j as no authentication',
    (header) => {
      expect(check.refusalOf(header, 'GetItem', { TableName: 'chat' })?.__type).toContain(
        'MissingAuthenticationToken',
      );
    },
  );

  it('refuses an unknown access key', () => {
    expect(refusal('GetItem', { TableName: 'chat' }, authorization('ASIAOTHER'))).toEqual({
      __type: 'com.amazon.coral.service#UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    });
  });

  it('forgets decisions when the principals change', () => {
    const changing = createAccessCheck([reader], arnOf);
    const read = () => changing.refusalOf(authorization('ASIAREADER'), 'GetItem', { TableName: 'chat' });

    expect(read()).toBeUndefined();
    changing.replacePrincipals([{ ...reader, statements: [] }]);
    expect(read()?.__type).toContain('AccessDenied');
    changing.replacePrincipals([]);
    expect(read()?.__type).toContain('UnrecognizedClient');
  });
});

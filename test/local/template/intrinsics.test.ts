import { describe, expect, it } from 'vitest';

import { resolveIntrinsics, TemplateError } from '../../../local/template/index.ts';
import type { IntrinsicScope } from '../../../local/template/index.ts';

const refs: Record<string, unknown> = { 'AWS::Region': 'us-east-1', Table: 'Chat-Table', Names: ['a', 'b'] };

const scope: IntrinsicScope = {
  ref: (name) => {
    if (name in refs) return refs[name];
    throw new TemplateError(`${name} unknown`);
  },
  attribute: (logicalId, attribute) => `${logicalId}/${attribute}`,
  condition: (name) => name === 'Yes',
  importValue: (name) => `imported ${name}`,
  mapping: (...keys) => keys.join('>'),
  dynamicReference: (service, reference) => `<${service}|${reference}>`,
};

describe('resolveIntrinsics', () => {
  it.each<[string, unknown, unknown]>([
    ['plain JSON', { a: [1, true, null, 'x'] }, { a: [1, true, null, 'x'] }],
    ['Ref', { Ref: 'Table' }, 'Chat-Table'],
    ['GetAtt', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'Table/Arn'],
    ['GetAtt with dots', { 'Fn::GetAtt': 'Table.Outputs.X' }, 'Table/Outputs.X'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Table' }, 3]] }, 'a-Chat-Table-3'],
    ['Join over a list reference', { 'Fn::Join': [',', { Ref: 'Names' }] }, 'a,b'],
    ['Sub', { 'Fn::Sub': '${AWS::Region}/${Table.Arn}/${!kept}' }, 'us-east-1/Table/Arn/${kept}'],
    [
      'Sub with variables',
      { 'Fn::Sub': ['${x}/${Table}', { x: { Ref: 'AWS::Region' } }] },
      'us-east-1/Chat-Table',
    ],
    ['Select', { 'Fn::Select': ['1', { 'Fn::Split': ['/', 'a/b/c'] }] }, 'b'],
    ['If, true', { 'Fn::If': ['Yes', 1, { Ref: 'Absent' }] }, 1],
    ['If, false', { 'Fn::If': ['No', { Ref: 'Absent' }, 2] }, 2],
    ['If leaving out', { a: { 'Fn::If': ['No', 1, { Ref: 'AWS::NoValue' }] }, b: 2 }, { b: 2 }],
    ['NoValue in a list', [1, { Ref: 'AWS::NoValue' }, 3], [1, 3]],
    ['NoValue alone', { Ref: 'AWS::NoValue' }, undefined],
    ['Equals', { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] }, true],
    ['Not', { 'Fn::Not': [{ Condition: 'Yes' }] }, false],
    ['And', { 'Fn::And': [{ Condition: 'Yes' }, { 'Fn::Equals': ['a', 'b'] }] }, false],
    ['Or', { 'Fn::Or': [{ Condition: 'No' }, { Condition: 'Yes' }] }, true],
    ['ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': '${AWS::Region}:x' } }, 'imported us-east-1:x'],
    ['FindInMap', { 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, 'k'] }, 'M>us-east-1>k'],
    [
      'a dynamic reference',
      'a {{resolve:secretsmanager:key:SecretString:x::}} b',
      'a <secretsmanager|key:SecretString:x::> b',
    ],
    [
      'one put together',
      { 'Fn::Join': ['', ['{{resolve:ssm:', { Ref: 'Table' }, '}}']] },
      '<ssm|Chat-Table>',
    ],
    [
      'a policy condition alone',
      { Condition: { StringEquals: { k: { Ref: 'Table' } } } },
      { Condition: { StringEquals: { k: 'Chat-Table' } } },
    ],
  ])('%s', (_name, value, expected) => {
    expect(resolveIntrinsics(value, scope)).toEqual(expected);
  });

  it.each<[unknown, RegExp]>([
    [{ 'Fn::Base64': 'x' }, /Fn::Base64 is not supported/],
    [{ Ref: 'Absent' }, /Absent unknown/],
    [{ 'Fn::Select': [5, ['a']] }, /index 5/],
    [{ 'Fn::Join': ['', 'text'] }, /Fn::Join needs a list/],
    [{ 'Fn::Sub': '${Names}' }, /Fn::Sub \$\{Names\} needs a string/],
    [{ 'Fn::Not': ['yes'] }, /needs true or false/],
  ])('refuses %j', (value, message) => {
    expect(() => resolveIntrinsics(value, scope)).toThrow(TemplateError);
    expect(() => resolveIntrinsics(value, scope)).toThrow(message);
  });
});

import { listOf, matchesPattern, UnsupportedPolicyError } from './policy.ts';
import type { ConditionBlock, OneOrMany } from './policy.ts';

/** Condition keys of one request, for example `{ 'dynamodb:LeadingKeys': ['u:1'] }`. Key names compare without case. */
export type RequestContext = Record<string, OneOrMany<string | number | boolean>>;

type Compare = (actual: string, expected: string) => boolean;

const comparisons: Record<string, Compare> = {
  StringEquals: (actual, expected) => actual === expected,
  StringEqualsIgnoreCase: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  StringLike: (actual, expected) => matchesPattern(expected, actual),
  ArnEquals: (actual, expected) => matchesPattern(expected, actual),
  ArnLike: (actual, expected) => matchesPattern(expected, actual),
  Bool: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  NumericEquals: (actual, expected) => Number(actual) === Number(expected),
  NumericLessThan: (actual, expected) => Number(actual) < Number(expected),
  NumericLessThanEquals: (actual, expected) => Number(actual) <= Number(expected),
  NumericGreaterThan: (actual, expected) => Number(actual) > Number(expected),
  NumericGreaterThanEquals: (actual, expected) => Number(actual) >= Number(expected),
};

const negations: Record<string, string> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
};

interface Operator {
  quantifier: 'ForAllValues' | 'ForAnyValue' | undefined;
  ifExists: boolean;
  negated: boolean;
  compare: Compare;
}

function parseOperator(name: string): Operator {
  const parts = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name);
  const base = parts?.[2] ?? name;
  const positive = negations[base];
  const compare = comparisons[positive ?? base];
  if (parts === null || compare === undefined)
    throw new UnsupportedPolicyError(`IAM condition operator ${name} is not supported`);
  return {
    quantifier: parts[1] as Operator['quantifier'],
    ifExists: parts[3] !== undefined,
    negated: positive !== undefined,
    compare,
  };
}

function contextValues(context: RequestContext, key: string): string[] | undefined {
  const name = Object.keys(context).find((candidate) => candidate.toLowerCase() === key.toLowerCase());
  return name === undefined ? undefined : listOf(context[name]).map(String);
}

function operatorHolds(operator: Operator, actual: string[] | undefined, expected: string[]): boolean {
  // ForAllValues holds vacuously for an absent key; a plain negated operator holds for one, too: both as IAM documents.
  if (actual === undefined || actual.length === 0)
    return (
      operator.ifExists ||
      operator.quantifier === 'ForAllValues' ||
      (operator.negated && operator.quantifier === undefined)
    );
  const accepts = (value: string): boolean =>
    expected.some((candidate) => operator.compare(value, candidate)) !== operator.negated;
  if (operator.quantifier === 'ForAllValues') return actual.every(accepts);
  return actual.some(accepts);
}

/**
 * Whether every operator and every key of the block holds (they are ANDed; the values of one key are ORed). An absent block holds.
 * Throws `UnsupportedPolicyError` for an operator this module does not know, whatever the request is.
 */
export function conditionHolds(block: ConditionBlock | undefined, context: RequestContext): boolean {
  let holds = true;
  for (const [name, keys] of Object.entries(block ?? {})) {
    if (name === 'Null') {
      for (const [key, wanted] of Object.entries(keys))
        holds &&= listOf(wanted).some(
          (value) => (String(value) === 'true') === (contextValues(context, key) === undefined),
        );
      continue;
    }
    const operator = parseOperator(name);
    for (const [key, wanted] of Object.entries(keys))
      holds &&= operatorHolds(operator, contextValues(context, key), listOf(wanted).map(String));
  }
  return holds;
}

import { readFileSync } from 'node:fs';
import { buildSchema, coerceInputValue, isInputType, Kind, parse, typeFromAST, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { EXAMPLE_CONVERSATION, PLAYGROUND_EXAMPLES } from '../../../local/playground/examples.ts';

const DIRECTIVES = readFileSync(
  new URL('../../../infra/appsync-directives.graphql', import.meta.url),
  'utf8',
);
const schema = buildSchema(
  `${DIRECTIVES}\n${readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8')}`,
);

/** What Altair sends after its environment was filled in. */
function filledIn(variables: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(variables).replaceAll(/\{\{(\w+)\}\}/g, 'id-of-$1')) as Record<
    string,
    unknown
  >;
}

function definitionOf(document: string) {
  const [definition] = parse(document).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('The example holds no operation');
  return definition;
}

describe('PLAYGROUND_EXAMPLES', () => {
  it('sends, subscribes, reads and cancels, and opens the subscription', () => {
    const fields = PLAYGROUND_EXAMPLES.map(({ document }) => definitionOf(document).selectionSet.selections)
      .flat()
      .map((field) => (field.kind === Kind.FIELD ? field.name.value : ''));

    expect(fields).toEqual(['sendMessage', 'messageState', 'cancelMessage', 'onTokens']);
  });

  it.each(PLAYGROUND_EXAMPLES)('$name is valid against schema.graphql', ({ document }) => {
    expect(validate(schema, parse(document))).toEqual([]);
  });

  it.each(PLAYGROUND_EXAMPLES)('$name has variables that fit and name the one conversation', (example) => {
    const variables = filledIn(example.variables);
    const declared = definitionOf(example.document).variableDefinitions ?? [];
    const problems: string[] = [];
    for (const { variable, type } of declared) {
      const input = typeFromAST(schema, type);
      if (!isInputType(input)) throw new Error(`${variable.name.value} has no input type`);
      coerceInputValue(variables[variable.name.value], input, (path, _value, error) => {
        problems.push(`${variable.name.value}.${path.join('.')}: ${error.message}`);
      });
    }

    expect(problems).toEqual([]);
    expect(Object.keys(variables)).toEqual(declared.map(({ variable }) => variable.name.value));
    expect(JSON.stringify(variables)).toContain(`"conversationId":"${EXAMPLE_CONVERSATION}"`);
  });

  it.each(PLAYGROUND_EXAMPLES)('$name fills in what its variables leave open', (example) => {
    const open = [...JSON.stringify(example.variables).matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name);

    for (const name of open) expect(example.preRequestScript).toContain(`setEnvironment('${name}'`);
  });
});

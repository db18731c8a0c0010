import { readFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isObjectType,
  Kind,
  parse,
  validate,
  visit,
  type DocumentNode,
  type GraphQLObjectType,
  type SelectionSetNode,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { CLIENT_DOCUMENTS } from '../../protocol/generated/client-documents.ts';
import { PUBLISH_TOKENS_DOCUMENT } from '../../protocol/generated/publish-document.ts';
import { generate } from '../../scripts/codegen.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const sdl = read('schema.graphql');
const schema = buildSchema(`${sdl}\n${read('infra/appsync-directives.graphql')}`);

/** Paths of fields that a selection leaves out, objects included. */
function leftOut(type: GraphQLObjectType, selections: SelectionSetNode | undefined, path: string): string[] {
  return Object.values(type.getFields()).flatMap((field) => {
    const at = `${path}.${field.name}`;
    const selected = selections?.selections.find(
      (node) => node.kind === Kind.FIELD && node.name.value === field.name,
    );
    if (selected?.kind !== Kind.FIELD) return [at];
    const inner = getNamedType(field.type);
    return isObjectType(inner) ? leftOut(inner, selected.selectionSet, at) : [];
  });
}

function leftOutOfPublish(document: DocumentNode): string[] {
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  const publish = operation?.selectionSet.selections[0];
  const type = schema.getType('TokenBatch');
  if (publish?.kind !== Kind.FIELD || !isObjectType(type)) throw new Error('no publishTokens selection');
  return leftOut(type, publish.selectionSet, 'TokenBatch');
}

/** A copy of the document without its field number `index`, depth first, and that field's name. */
function without(
  document: DocumentNode,
  index: number,
): { document: DocumentNode; removed: string | undefined } {
  let at = -2; // publishTokens itself is no field of TokenBatch
  let removed: string | undefined;
  const copy = visit(document, {
    Field(node) {
      at += 1;
      if (at !== index) return undefined;
      removed = node.name.value;
      return null;
    },
  });
  return { document: copy, removed };
}

describe('generate', () => {
  it('equals the committed files', async () => {
    const generated = await generate();

    expect(Object.keys(generated).sort()).toEqual([
      'protocol/generated/client-documents.ts',
      'protocol/generated/publish-document.ts',
      'protocol/generated/schema-types.ts',
    ]);
    for (const [path, content] of Object.entries(generated)) expect(read(path), path).toBe(content);
  });
});

describe('PUBLISH_TOKENS_DOCUMENT', () => {
  const document = parse(PUBLISH_TOKENS_DOCUMENT);

  it('is valid and selects every field of TokenBatch, at every depth', () => {
    expect(validate(schema, document)).toEqual([]);
    expect(leftOutOfPublish(document)).toEqual([]);
  });

  it('would not pass with any one field taken out', () => {
    const selected = PUBLISH_TOKENS_DOCUMENT.match(/^ {4,}[a-z]\w*/gim) ?? [];

    for (const [index, line] of selected.entries()) {
      const { document: copy, removed } = without(document, index);
      const missing = leftOutOfPublish(copy);
      expect(removed).toBe(line.trim());
      expect(missing).toHaveLength(1);
      expect(missing[0]?.endsWith(`.${removed}`)).toBe(true);
    }

    expect(without(document, selected.length).removed).toBe(undefined);
    expect(selected.length).toBeGreaterThan(
      Object.keys((schema.getType('TokenBatch') as GraphQLObjectType).getFields()).length,
    );
  });
});

describe('CLIENT_DOCUMENTS', () => {
  it.each(Object.entries(CLIENT_DOCUMENTS))(
    '%s is valid and selects every field, at every depth',
    (name, text) => {
      const document = parse(text);
      const [operation] = document.definitions;
      if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
      const [field] = operation.selectionSet.selections;
      if (field?.kind !== Kind.FIELD) throw new Error('no field');
      const root = schema.getRootType(operation.operation);
      const type = getNamedType(root?.getFields()[name]?.type);

      expect(validate(schema, document)).toEqual([]);
      expect(field.name.value).toBe(name);
      expect(isObjectType(type) ? leftOut(type, field.selectionSet, name) : []).toEqual([]);
    },
  );

  it('subscribes to a conversation without naming a message, because a null argument matches no batch', () => {
    expect(CLIENT_DOCUMENTS.onTokens).not.toContain('$messageId');
  });

  it("covers every public field but the single conversation and the publisher's mutation", () => {
    const fields = ['Query', 'Mutation', 'Subscription'].flatMap((root) =>
      Object.keys((schema.getType(root) as GraphQLObjectType).getFields()),
    );

    expect(fields.filter((name) => !Object.hasOwn(CLIENT_DOCUMENTS, name))).toEqual([
      'conversation',
      'publishTokens',
    ]);
  });
});

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && type.astNode !== undefined,
);

describe('schema.graphql', () => {
  it('describes every type, field, enum value and input field', () => {
    const described = types.flatMap((type) => {
      const members: readonly { name: string; description?: string | null }[] = isEnumType(type)
        ? type.getValues()
        : isObjectType(type) || isInputObjectType(type)
          ? Object.values<{ name: string; description?: string | null }>(type.getFields())
          : [];
      if (members.length === 0) return [];
      return [
        { name: type.name, description: type.description },
        ...members.map(({ name, description }) => ({ name: `${type.name}.${name}`, description })),
      ];
    });

    expect(described.length).toBeGreaterThan(150);
    expect(described.filter(({ description }) => !description?.trim()).map(({ name }) => name)).toEqual([]);
  });

  const modes = (
    node:
      { readonly directives?: readonly { readonly name: { readonly value: string } }[] } | null | undefined,
  ) => (node?.directives ?? []).map((directive) => directive.name.value).sort();
  const USERS = ['aws_api_key', 'aws_cognito_user_pools'];
  const EVERYONE = ['aws_api_key', 'aws_cognito_user_pools', 'aws_iam'];
  const PUBLISHED = [
    'TokenBatch',
    'GenerationEnd',
    'Usage',
    'Timing',
    'Transport',
    'CancelReceipt',
    'ChatError',
  ];
  const ROOTS = ['Query', 'Mutation', 'Subscription'];
  const objects = types.filter(isObjectType);

  it.each(objects.filter((type) => !ROOTS.includes(type.name)).map((type) => type.name))(
    'lets exactly the right callers read %s',
    (name) => {
      const type = schema.getType(name) as GraphQLObjectType;

      expect(modes(type.astNode)).toEqual(PUBLISHED.includes(name) ? EVERYONE : USERS);
      for (const field of Object.values(type.getFields()))
        expect(modes(field.astNode), field.name).toEqual([]);
    },
  );

  const rootFields = objects
    .filter((type) => ROOTS.includes(type.name))
    .flatMap((type) =>
      Object.values(type.getFields()).map((field) => ({ path: `${type.name}.${field.name}`, field })),
    );

  it.each(rootFields)('lets exactly the right callers use $path', ({ path, field }) => {
    const expected: Record<string, string[]> = {
      'Mutation.publishTokens': ['aws_iam'],
      'Subscription.onTokens': [...USERS, 'aws_subscribe'],
    };

    expect(modes(field.astNode)).toEqual(expected[path] ?? USERS);
  });

  it('gives root types no mode of their own, so that no new field is open by default', () => {
    expect(ROOTS.map((name) => modes(schema.getType(name)?.astNode as GraphQLObjectType['astNode']))).toEqual(
      [[], [], []],
    );
    expect(rootFields).toHaveLength(12);
  });

  it('gives each published input the fields of its output', () => {
    for (const name of PUBLISHED) {
      const output = schema.getType(name);
      const input = schema.getType(`${name}Input`);
      if (!isObjectType(output) || !isInputObjectType(input)) throw new Error(`no ${name}`);
      const shape = (fields: object) =>
        Object.values(fields as Record<string, { name: string; type: unknown }>).map(
          (field) => `${field.name}: ${String(field.type).replace(/Input(!?)$/, '$1')}`,
        );

      expect(shape(input.getFields())).toEqual(shape(output.getFields()));
    }
  });
});

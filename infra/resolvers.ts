import { Kind, parse } from 'graphql';

/** The data sources of the API: the table, none at all (publishing), and the functions that mutations start. */
export const DATA_SOURCES = ['TABLE', 'NONE', 'GENERATE', 'SETTLE', 'PURGE'] as const;

/** The name of one data source. */
export type DataSourceName = (typeof DATA_SOURCES)[number];

/** A root field with one data source: `resolvers/<field>.ts` is its resolver. */
interface UnitResolver {
  source: DataSourceName;
}

/** A root field with a pipeline: `resolvers/<field>.ts` is what runs before and after its steps. */
interface PipelineResolver {
  steps: readonly string[];
}

/** How one root field is resolved. */
export type FieldResolver = UnitResolver | PipelineResolver;

/** What is deployed from resolvers/: every pipeline step with its data source, every root field with its steps. */
export interface ResolverManifest {
  steps: Readonly<Record<string, DataSourceName>>;
  fields: Readonly<Record<string, FieldResolver>>;
}

/** AppSync takes at most 10 functions in a pipeline: https://docs.aws.amazon.com/general/latest/gr/appsync.html */
export const MAX_PIPELINE_STEPS = 10;

/** The manifest of this service. A step is deployed once, whoever uses it. */
export const RESOLVERS = {
  steps: {
    'step.readConversation': 'TABLE',
    'step.readMessage': 'TABLE',
    'step.claimRequest': 'TABLE',
    'step.touchConversation': 'TABLE',
    'step.putAssistantMessage': 'TABLE',
    'step.renewStart': 'TABLE',
    'step.generate': 'GENERATE',
    'step.confirmStart': 'TABLE',
    'step.settle': 'SETTLE',
    'Query.messages.list': 'TABLE',
    'Query.messageState.readText': 'TABLE',
    'Query.messageState.readReasoning': 'TABLE',
    'Query.messageState.readLogBefore': 'TABLE',
    'Query.messageState.readLog': 'TABLE',
    'Mutation.sendMessage.readParent': 'TABLE',
    'Mutation.sendMessage.putUserMessage': 'TABLE',
    'Mutation.regenerateMessage.readTarget': 'TABLE',
    'Mutation.regenerateMessage.readUserMessage': 'TABLE',
    'Mutation.cancelMessage.flagStreaming': 'TABLE',
    'Mutation.cancelMessage.endPending': 'TABLE',
    'Mutation.cancelMessage.flagClaimed': 'TABLE',
    'Mutation.continueMessage.restart': 'TABLE',
    'Mutation.deleteConversation.hide': 'TABLE',
    'Mutation.deleteConversation.purge': 'PURGE',
  },
  fields: {
    'Query.conversations': { source: 'TABLE' },
    'Query.conversation': { source: 'TABLE' },
    'Query.messages': { steps: ['step.readConversation', 'Query.messages.list'] },
    'Query.messageState': {
      steps: [
        'step.readConversation',
        'step.readMessage',
        'Query.messageState.readText',
        'Query.messageState.readReasoning',
        'Query.messageState.readLogBefore',
        'Query.messageState.readLog',
        'step.settle',
      ],
    },
    'Mutation.sendMessage': {
      steps: [
        'step.readConversation',
        'Mutation.sendMessage.readParent',
        'step.claimRequest',
        'step.touchConversation',
        'Mutation.sendMessage.putUserMessage',
        'step.putAssistantMessage',
        'step.renewStart',
        'step.generate',
        'step.confirmStart',
        'step.settle',
      ],
    },
    'Mutation.regenerateMessage': {
      steps: [
        'step.readConversation',
        'Mutation.regenerateMessage.readTarget',
        'Mutation.regenerateMessage.readUserMessage',
        'step.claimRequest',
        'step.touchConversation',
        'step.putAssistantMessage',
        'step.renewStart',
        'step.generate',
        'step.confirmStart',
        'step.settle',
      ],
    },
    'Mutation.cancelMessage': {
      steps: [
        'step.readConversation',
        'Mutation.cancelMessage.flagStreaming',
        'Mutation.cancelMessage.endPending',
        'Mutation.cancelMessage.flagClaimed',
        'step.settle',
      ],
    },
    'Mutation.continueMessage': {
      steps: [
        'step.readConversation',
        'step.readMessage',
        'Mutation.continueMessage.restart',
        'step.renewStart',
        'step.generate',
        'step.confirmStart',
        'step.settle',
      ],
    },
    'Mutation.renameConversation': { source: 'TABLE' },
    'Mutation.deleteConversation': {
      steps: ['Mutation.deleteConversation.hide', 'Mutation.deleteConversation.purge'],
    },
    'Mutation.publishTokens': { source: 'NONE' },
    'Subscription.onTokens': { source: 'NONE' },
  },
} as const satisfies ResolverManifest;

const ROOT_TYPES = ['Query', 'Mutation', 'Subscription'];

function rootFields(schema: string): string[] {
  return parse(schema, { noLocation: true }).definitions.flatMap((definition) =>
    definition.kind === Kind.OBJECT_TYPE_DEFINITION && ROOT_TYPES.includes(definition.name.value)
      ? (definition.fields ?? []).map((field) => `${definition.name.value}.${field.name.value}`)
      : [],
  );
}

/** The name of every file under resolvers/ (without `.ts`) that the manifest deploys, each once. */
export function deployedFiles(manifest: ResolverManifest): string[] {
  return [...Object.keys(manifest.steps), ...Object.keys(manifest.fields)];
}

/**
 * Compares manifest, schema and the file names of resolvers/ (without `.ts`); returns one sentence for each thing that does not fit.
 * AppSync itself answers null for a field without resolver and says nothing, so every root field must have a row here, and a file
 * named like a resolver or step that nothing deploys is a mistake, too.
 */
export function manifestProblems(
  manifest: ResolverManifest,
  schema: string,
  files: readonly string[],
): string[] {
  const fields = rootFields(schema);
  const deployed = deployedFiles(manifest);
  const used = new Set(Object.values(manifest.fields).flatMap((row) => ('steps' in row ? row.steps : [])));
  return [
    ...fields
      .filter((field) => !(field in manifest.fields))
      .map((field) => `${field} of the schema has no resolver`),
    ...Object.keys(manifest.fields)
      .filter((field) => !fields.includes(field))
      .map((field) => `${field} has a resolver but is no field of the schema`),
    ...deployed.filter((name) => !files.includes(name)).map((name) => `resolvers/${name}.ts does not exist`),
    ...files
      .filter((name) => /^(Query|Mutation|Subscription|step)\./.test(name) && !deployed.includes(name))
      .map((name) => `resolvers/${name}.ts is not in the manifest`),
    ...[...used].filter((step) => !(step in manifest.steps)).map((step) => `step ${step} has no data source`),
    ...Object.keys(manifest.steps)
      .filter((step) => !used.has(step))
      .map((step) => `step ${step} is in no pipeline`),
    ...Object.entries(manifest.fields)
      .filter(([, row]) => 'steps' in row && row.steps.length > MAX_PIPELINE_STEPS)
      .map(([field]) => `${field} has more than ${MAX_PIPELINE_STEPS} steps`),
  ];
}

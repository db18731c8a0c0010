import * as v from 'valibot';

import type { Resource, Resources } from './resources.ts';

const keySchema = v.array(v.object({ AttributeName: v.string(), KeyType: v.picklist(['HASH', 'RANGE']) }));

const globalSecondaryIndex = v.object({
  IndexName: v.string(),
  KeySchema: keySchema,
  Projection: v.object({
    ProjectionType: v.picklist(['ALL', 'KEYS_ONLY', 'INCLUDE']),
    NonKeyAttributes: v.optional(v.array(v.string())),
  }),
});

const entries = {
  KeySchema: keySchema,
  AttributeDefinitions: v.array(
    v.object({ AttributeName: v.string(), AttributeType: v.picklist(['S', 'N', 'B']) }),
  ),
  GlobalSecondaryIndexes: v.optional(v.array(globalSecondaryIndex), []),
  TimeToLiveSpecification: v.optional(
    v.object({ AttributeName: v.optional(v.string()), Enabled: v.union([v.boolean(), v.string()]) }),
  ),
};

/** Settings of capacity, protection and copies: nothing that a request to the table could see. */
const ignored = [
  'TableName',
  'BillingMode',
  'ProvisionedThroughput',
  'OnDemandThroughput',
  'WriteProvisionedThroughputSettings',
  'WriteOnDemandThroughputSettings',
  'Replicas',
  'SSESpecification',
  'PointInTimeRecoverySpecification',
  'DeletionProtectionEnabled',
  'ContributorInsightsSpecification',
  'TableClass',
  'Tags',
  'StreamSpecification',
];

/** A DynamoDB table; keys, attributes and indexes in the form that CreateTable takes. */
export interface TableModel {
  name: string;
  arn: string;
  keySchema: v.InferOutput<typeof keySchema>;
  attributeDefinitions: v.InferOutput<typeof entries.AttributeDefinitions>;
  globalSecondaryIndexes: v.InferOutput<typeof globalSecondaryIndex>[];
  ttlAttribute?: string;
}

function readTable(resource: Resource): TableModel {
  const properties = resource.read(entries, ignored);
  const ttl = properties.TimeToLiveSpecification;
  return {
    name: resource.ref(),
    arn: resource.attribute('Arn'),
    keySchema: properties.KeySchema,
    attributeDefinitions: properties.AttributeDefinitions,
    globalSecondaryIndexes: properties.GlobalSecondaryIndexes,
    ...(ttl !== undefined && String(ttl.Enabled) === 'true' ? { ttlAttribute: ttl.AttributeName } : {}),
  };
}

/** Both kinds of table resource. Local secondary indexes and resource policies throw `TemplateError`. */
export function readTables(resources: Resources): TableModel[] {
  return ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'].flatMap((type) =>
    resources.all(type).map(readTable),
  );
}

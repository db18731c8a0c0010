import { RemovalPolicy } from 'aws-cdk-lib/core';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';

import { LISTING_INDEX } from '../../protocol/keys.ts';

/** The actions that code may be granted on the table; nothing here reads a whole table or changes its settings. */
export type TableAction = 'GetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'Query' | 'BatchWriteItem';

/**
 * The one table: on demand, with expiry in `ttl`, point-in-time recovery and the listing index. With `retain` it can neither be deleted
 * by accident nor goes away with the stack; without, it goes away with all data.
 */
export class ChatTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, props: { retain: boolean }) {
    super(scope, id);
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      timeToLiveAttribute: 'ttl',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: props.retain,
      removalPolicy: props.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      globalSecondaryIndexes: [
        {
          indexName: LISTING_INDEX,
          partitionKey: { name: 'listOwner', type: AttributeType.STRING },
          sortKey: { name: 'listSort', type: AttributeType.STRING },
        },
      ],
    });
  }

  /** The ARNs a grant names: the table, and its index when the code lists conversations. */
  arns(withIndex: boolean): string[] {
    const { tableArn } = this.table;
    return withIndex ? [tableArn, `${tableArn}/index/${LISTING_INDEX}`] : [tableArn];
  }
}

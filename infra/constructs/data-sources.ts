import {
  DynamoDbDataSource,
  LambdaDataSource,
  NoneDataSource,
  type BaseDataSource,
  type GraphqlApi,
} from 'aws-cdk-lib/aws-appsync';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

import type { DataSourceName } from '../resolvers.ts';
import type { ChatFunction } from './chat-function.ts';
import type { ChatTable, TableAction } from './chat-table.ts';
import { closed, grant } from './grant.ts';

/** What resolvers do with the table; a conditional write that fails also needs GetItem, by which AppSync reads the stored item. */
const TABLE_ACTIONS: readonly TableAction[] = ['GetItem', 'PutItem', 'UpdateItem', 'Query'];

/** What the data sources lead to. */
export interface DataSourcesProps {
  api: GraphqlApi;
  table: ChatTable;
  generate: ChatFunction;
  settle: ChatFunction;
  purge: ChatFunction;
}

/** The data sources of the API by name. Each has a role of its own that may do exactly what its resolvers ask for. */
export class DataSources extends Construct {
  readonly byName: Readonly<Record<DataSourceName, BaseDataSource>>;

  constructor(scope: Construct, id: string, props: DataSourcesProps) {
    super(scope, id);
    const { api } = props;
    this.byName = {
      TABLE: this.#table(api, props.table),
      NONE: new NoneDataSource(this, 'None', { api, name: 'NONE' }),
      GENERATE: this.#function(api, 'GENERATE', props.generate),
      SETTLE: this.#function(api, 'SETTLE', props.settle),
      PURGE: this.#function(api, 'PURGE', props.purge),
    };
  }

  #role(id: string): Role {
    return new Role(this, `${id}Role`, { assumedBy: new ServicePrincipal('appsync.amazonaws.com') });
  }

  #table(api: GraphqlApi, chatTable: ChatTable): BaseDataSource {
    const role = this.#role('Table');
    const actions = TABLE_ACTIONS.map((action) => `dynamodb:${action}`);
    grant(this, 'MayUseTable', role, actions, chatTable.arns(true));
    return new DynamoDbDataSource(this, 'Table', {
      api,
      name: 'TABLE',
      table: chatTable.table,
      serviceRole: closed(role),
    });
  }

  #function(api: GraphqlApi, name: DataSourceName, target: ChatFunction): BaseDataSource {
    const role = this.#role(target.node.id);
    grant(this, `MayInvoke${target.node.id}`, role, ['lambda:InvokeFunction'], [target.function.functionArn]);
    return new LambdaDataSource(this, target.node.id, {
      api,
      name,
      lambdaFunction: target.function,
      serviceRole: closed(role),
    });
  }
}

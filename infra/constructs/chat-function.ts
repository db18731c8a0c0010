import type { Duration } from 'aws-cdk-lib/core';
import { RemovalPolicy } from 'aws-cdk-lib/core';
import { Role, ServicePrincipal, type Policy } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import { closed, grant } from './grant.ts';

/** What differs between the functions. */
export interface ChatFunctionProps {
  /** Folder that holds `index.mjs`. */
  bundle: string;
  description: string;
  memoryMb: number;
  timeout: Duration;
  environment: Record<string, string>;
}

/**
 * One Lambda function on Node 24 and arm64 with a log group of 30 days and a role that may write to that log group and nothing else.
 * Everything more is granted by name with `grant`, one policy resource for each purpose.
 */
export class ChatFunction extends Construct {
  readonly role: Role;
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: ChatFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.grant('Log', ['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);
    this.function = new LambdaFunction(this, 'Function', {
      description: props.description,
      code: Code.fromAsset(props.bundle),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMb,
      timeout: props.timeout,
      environment: props.environment,
      logGroup,
      role: closed(this.role),
    });
  }

  /** Grants `actions` on `resources` to this function by a policy resource named after its purpose. */
  grant(purpose: string, actions: readonly string[], resources: readonly string[]): Policy {
    return grant(this, `May${purpose}`, this.role, actions, resources);
  }

  /** Grants this function to invoke `target`, which may be itself. */
  grantInvoke(target: ChatFunction): Policy {
    const purpose = target === this ? 'InvokeItself' : `Invoke${target.node.id}`;
    return this.grant(purpose, ['lambda:InvokeFunction'], [target.function.functionArn]);
  }
}

'use strict';

/** The least policy for the options of a store, and the policies of docs/IAM.md, which must be the same. */

const { formatPolicy, leastPolicy } = require('../cli/doctor');
const { blocks } = require('./support/markdown');

/** The policies of the page, in its order. */
const documented = blocks('docs/IAM.md')
  .filter(({ language }) => language === 'json')
  .map(({ code }) => JSON.parse(code));

const [REGION, ACCOUNT, TABLE] = ['<region>', '<account>', '<table>'];
const place = { region: REGION, account: ACCOUNT };
const express = { table: TABLE, initialized: true, batch: false };

/** The statements of a policy that another one does not have. */
const beyond = (policy, other) => {
  const known = other.Statement.map((each) => JSON.stringify(each));
  const all = policy.Statement.filter((each) => !known.includes(JSON.stringify(each)));
  return { ...policy, Statement: all };
};

/** The statements of a policy, with only the actions that another one does not have. */
const added = (policy, other) => {
  const known = other.Statement.flatMap(({ Action }) => Action);
  const rest = beyond(policy, other).Statement.map((each) => ({
    ...each,
    Action: each.Action.filter((action) => !known.includes(action)),
  }));
  return { ...policy, Statement: rest };
};

const least = leastPolicy('express', express, place);
const batching = { ...express, batch: true };
const indexed = { ...express, indexes: { user: { value: 'u' } } };

/** What the headings of the page promise, in its order. */
const promised = [
  ['a table that exists', least],
  [
    'a table that the store creates',
    leastPolicy('express', { ...express, initialized: false }, place),
  ],
  [
    'list, clear and reap',
    added(leastPolicy('express', express, { ...place, uses: ['all'] }), least),
  ],
  ['indexes', forIndexes()],
  [
    'only some keys',
    leastPolicy('express', batching, { ...place, onlyPrefix: true, prefix: '<prefix>' }),
  ],
  [
    'a table in another account',
    leastPolicy('express', batching, {
      region: REGION,
      account: '<account of the table>',
      principal: 'arn:aws:iam::<account of the application>:role/<role>',
    }),
  ],
  ['one VPC endpoint', leastPolicy('express', express, { ...place, sourceVpce: 'vpce-<id>' })],
  ['Shopify', leastPolicy('shopify', { sessionTableName: TABLE, shopIndexName: '<index>' }, place)],
];

/** The page has the two statements in another order. */
function forIndexes() {
  const policy = leastPolicy('express', indexed, { ...place, uses: ['ensureIndexes'] });
  return { ...policy, Statement: added(policy, least).Statement.reverse() };
}

test.each(promised.map(([name, policy], at) => [name, policy, documented[at]]))(
  'docs/IAM.md: the policy for %s',
  (_name, policy, onPage) => {
    expect(onPage).toEqual(policy);
  },
);

test('docs/IAM.md: there is no other policy', () => {
  expect(documented).toHaveLength(promised.length);
});

/** The actions of a policy, without the service. */
const actionsOf = (...args) =>
  leastPolicy(...args).Statement.flatMap(({ Action }) => Action.map((each) => each.slice(9)));

const SESSIONS = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'];
const BATCHES = ['BatchGetItem', 'BatchWriteItem'];

test.each([
  ['express', { initialized: true }, {}, [...SESSIONS, ...BATCHES]],
  ['express', { initialized: true, reapInterval: 1000 }, {}, [...SESSIONS, ...BATCHES, 'Scan']],
  [
    'express',
    { initialized: true, hashIds: { secret: 's'.repeat(32), migrate: true } },
    {},
    [...SESSIONS, ...BATCHES],
  ],
  [
    'express',
    { batch: false, timeToLive: false },
    {},
    [...SESSIONS, 'DescribeTable', 'CreateTable'],
  ],
  [
    'express',
    {
      batch: false,
      timeToLive: false,
      createTable: {
        Tags: [{ Key: 'team', Value: 'web' }],
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
    },
    {},
    [...SESSIONS, 'DescribeTable', 'CreateTable', 'TagResource', 'UpdateContinuousBackups'],
  ],
  ['koa', { batch: false }, {}, SESSIONS],
  [
    'koa',
    { batch: false, table: { autoCreate: true, readCapacityUnits: 5 } },
    {},
    [
      ...SESSIONS,
      'DescribeTable',
      'CreateTable',
      'DescribeTimeToLive',
      'UpdateTimeToLive',
      'UpdateTable',
    ],
  ],
  [
    'shopify',
    { batch: false, expiresTtl: 'ends' },
    { uses: ['createTable'] },
    [
      'GetItem',
      'PutItem',
      'DeleteItem',
      'DescribeTable',
      'CreateTable',
      'DescribeTimeToLive',
      'UpdateTimeToLive',
      'Query',
    ],
  ],
])('%s with %j, %j', (kind, options, more, actions) => {
  expect(actionsOf(kind, options, more)).toEqual(actions);
});

test('without a place, the policy is for any Region and account; an ARN takes their place', () => {
  const [{ Resource: any }] = leastPolicy('express', {}).Statement;
  expect(any).toBe('arn:aws:dynamodb:*:*:table/sessions');
  const arn = 'arn:aws-cn:dynamodb:cn-north-1:111122223333:table/sessions';
  expect(leastPolicy('express', {}, { arn }).Statement[0].Resource).toBe(arn);
  expect(leastPolicy('express', { table: arn }).Statement[0].Resource).toBe(arn);
});

test('only some keys: what is not about items has no condition', () => {
  const { Statement: all } = leastPolicy('express', { reapInterval: 1 }, { onlyPrefix: true });
  expect(all[0].Condition).toEqual({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['sess:*'] },
  });
  expect(all[1].Action).toContain('dynamodb:Scan');
  expect(all[1].Condition).toBeUndefined();
  expect(() => leastPolicy('koa', {}, { onlyPrefix: true })).toThrow('prefix');
});

describe('formats', () => {
  const policy = leastPolicy('express', indexed, {
    ...place,
    onlyPrefix: true,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform would replace it.
    prefix: '${shop}"\'',
    principal: 'arn:aws:iam::111122223333:role/web',
  });

  test('json', () => {
    expect(JSON.parse(formatPolicy(policy, 'json'))).toEqual(policy);
  });

  test('terraform', () => {
    expect(formatPolicy(policy, 'terraform')).toBe(`data "aws_iam_policy_document" "sessions" {
  statement {
    effect = "Allow"
    actions = [
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "dynamodb:DeleteItem",
    ]
    resources = ["arn:aws:dynamodb:<region>:<account>:table/<table>"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/web"]
    }

    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["$\${shop}\\"'*"]
    }
  }

  statement {
    effect = "Allow"
    actions = [
      "dynamodb:Query",
    ]
    resources = ["arn:aws:dynamodb:<region>:<account>:table/<table>/index/user-index"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/web"]
    }
  }
}
`);
  });

  test('cdk: runs, and gives the same policy', () => {
    const code = formatPolicy(policy, 'cdk');
    /** The classes of `aws-cdk-lib/aws-iam`, as far as the code uses them. */
    const iam = {
      Effect: { ALLOW: 'Allow' },
      ArnPrincipal: class {
        constructor(arn) {
          this.AWS = arn;
        }
      },
      PolicyStatement: class {
        constructor({ actions, conditions, effect, principals, resources }) {
          this.Effect = effect;
          this.Principal = { AWS: principals[0].AWS };
          this.Action = actions;
          this.Resource = resources.length === 1 ? resources[0] : resources;
          this.Condition = conditions;
        }
      },
    };
    const body = code
      .replace("import * as iam from 'aws-cdk-lib/aws-iam';\n", '')
      .replace('export const statements =', 'return');
    const statements = new Function('iam', body)(iam);
    expect(JSON.parse(JSON.stringify(statements))).toEqual(policy.Statement);
  });

  test('another one is an error', () => {
    expect(() => formatPolicy(policy, 'yaml')).toThrow('"json", "terraform" or "cdk"');
  });
});

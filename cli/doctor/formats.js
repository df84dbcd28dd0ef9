'use strict';

/** A policy in the languages of infrastructure tools. */

const { invalidArgument } = require('../../lib/diagnosis');

/** @import { Policy, Statement } from './policy' */

/** @typedef {'json' | 'terraform' | 'cdk'} Format */

/** @type {Record<Format, (policy: Policy) => string>} */
const FORMATS = { json, terraform, cdk };

/**
 * Writes a policy as text.
 *
 * @param {Policy} policy
 * @param {Format} format
 */
function formatPolicy(policy, format) {
  if (!Object.hasOwn(FORMATS, format)) {
    throw invalidArgument('the format of a policy must be "json", "terraform" or "cdk"');
  }
  return `${FORMATS[format](policy)}\n`;
}

/** @param {Policy} policy */
function json(policy) {
  return JSON.stringify(policy, null, 2);
}

/** @param {Policy} policy */
function terraform({ Statement: statements }) {
  const blocks = statements.map((each) => indented(terraformStatement(each), 2));
  return `data "aws_iam_policy_document" "sessions" {\n${blocks.join('\n\n')}\n}`;
}

/** @param {Statement} statement */
function terraformStatement({ Action, Condition = {}, Principal, Resource }) {
  const blocks = Object.entries(Condition).flatMap(([test, variables]) =>
    Object.entries(variables).map(([variable, values]) => [
      'condition {',
      `  test     = ${hcl(test)}`,
      `  variable = ${hcl(variable)}`,
      `  values   = ${hclList([values].flat())}`,
      '}',
    ]),
  );
  if (Principal) {
    blocks.unshift([
      'principals {',
      '  type        = "AWS"',
      `  identifiers = ${hclList([Principal.AWS])}`,
      '}',
    ]);
  }
  return [
    'statement {',
    '  effect = "Allow"',
    indented(`actions = [\n${Action.map((each) => `  ${hcl(each)},`).join('\n')}\n]`, 2),
    `  resources = ${hclList([Resource].flat())}`,
    ...blocks.map((lines) => `\n${indented(lines.join('\n'), 2)}`),
    '}',
  ].join('\n');
}

/** A text in Terraform's language, which would replace `${…}` and `%{…}`. @param {string} text */
function hcl(text) {
  return JSON.stringify(text).replace(/([$%])\{/g, '$1$1{');
}

/** @param {string[]} texts */
function hclList(texts) {
  return `[${texts.map(hcl).join(', ')}]`;
}

/** @param {Policy} policy */
function cdk({ Statement: statements }) {
  const all = statements.map((each) => indented(cdkStatement(each), 2));
  return [
    "import * as iam from 'aws-cdk-lib/aws-iam';",
    '',
    'export const statements = [',
    all.join('\n'),
    '];',
  ].join('\n');
}

/** @param {Statement} statement */
function cdkStatement({ Action, Condition, Principal, Resource }) {
  const conditions = Condition && JSON.stringify(Condition, null, 2);
  return [
    'new iam.PolicyStatement({',
    '  effect: iam.Effect.ALLOW,',
    Principal && `  principals: [new iam.ArnPrincipal(${ts(Principal.AWS)})],`,
    indented(`actions: [\n${Action.map((each) => `  ${ts(each)},`).join('\n')}\n],`, 2),
    `  resources: [${[Resource].flat().map(ts).join(', ')}],`,
    conditions && indented(`conditions: ${conditions},`, 2),
    '}),',
  ]
    .filter((line) => line !== undefined)
    .join('\n');
}

/** A text in TypeScript. @param {string} text */
function ts(text) {
  return /['\\\n]/.test(text) ? JSON.stringify(text) : `'${text}'`;
}

/** @param {string} text @param {number} spaces */
function indented(text, spaces) {
  return text.replace(/^(?=.)/gm, ' '.repeat(spaces));
}

module.exports = { formatPolicy };

'use strict';

/** What the check of the layers finds. */

const { wrongInJavaScript, wrongInRust } = require('../scripts/checks/layers');

const files = (texts) => new Map(Object.entries(texts));

test.each([
  ['a framework', 'lib/store.js', `require('koa')`, /requires the package koa/],
  [
    'a framework, lazily',
    'lib/express.js',
    `() => require('express-session')`,
    /the package express/,
  ],
  ['an adapter below it', 'lib/store.js', `require('./koa')`, /only an adapter uses its own files/],
  [
    'an adapter in another',
    'lib/express.js',
    `require('./koa')`,
    /only an adapter uses its own files/,
  ],
  [
    'a store in lib/aws/',
    'lib/aws/config.js',
    `require('../store')`,
    /knows connections, not stores/,
  ],
])('%s is refused in %s', (_what, file, text, message) => {
  const others = { 'lib/koa.js': '', 'lib/store.js': '', 'lib/express.js': '' };
  expect(wrongInJavaScript(files({ ...others, [file]: text }))).toEqual([
    expect.stringMatching(message),
  ]);
});

test('an adapter uses its files and those below it; comments and texts use none', () => {
  const right = files({
    'lib/koa.js': `require('./koa.options'); require('./store'); // require('express')`,
    'lib/koa.options.js': `const text = "require('express')";`,
    'lib/connect.js': `require('express-session')`,
    'lib/store.js': `require('node:events'); require('./aws/config')`,
    'lib/aws/config.js': `require('../errors')`,
    'lib/errors.js': '',
  });
  expect(wrongInJavaScript(right)).toEqual([]);
});

test('files of lib/ that require each other, also lazily, are a circle', () => {
  const circle = files({
    'lib/options.js': `() => require('./suggestions')`,
    'lib/suggestions.js': `require('./names')`,
    'lib/names.js': `require('./options')`,
  });
  expect(wrongInJavaScript(circle)).toEqual([
    'lib/options.js → lib/suggestions.js → lib/names.js → lib/options.js is a circle',
  ]);
});

test.each([
  ['src/core/store.rs', 'use napi::Env;', /names napi/],
  ['src/core/dynamo/mod.rs', 'fn f(env: napi::Env) {}', /names napi/],
  ['src/core/deadline.rs', 'use crate::binding::runtime;', /names src\/binding/],
  [
    'src/core/layout/koa.rs',
    'use aws_sdk_dynamodb::{\n    operation::get_item::builders::GetItemInputBuilder,\n    types::AttributeValue,\n};',
    /names aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder/,
  ],
  ['src/core/store/many.rs', 'use aws_sdk_dynamodb::Client;', /names aws_sdk_dynamodb::Client/],
  ['src/core/store.rs', 'fn f(client: &aws_sdk_dynamodb::Client) {}', /dynamodb::Client/],
  ['src/core/table.rs', 'use hyper::Uri;', /only src\/core\/dynamo sends requests/],
  ['src/core/dynamo/sdk.rs', 'use crate::core::store::Loaded;', /knows requests, not sessions/],
])('%s: %s is refused', (file, text, message) => {
  const others = { 'src/core/store.rs': '' };
  expect(wrongInRust(files({ ...others, [file]: text }))).toEqual([expect.stringMatching(message)]);
});

test('comments, unit tests and functions for tests are no part of a layer', () => {
  const right = files({
    'src/core/store.rs': `
      // use napi::Env;
      use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
#[cfg(test)]
mod tests {
    use napi::Env;
}`,
    'src/core/layout/mod.rs': '',
    'src/core/dynamo/mod.rs': `
#[cfg(any(test, fuzzing))]
pub(in crate::core) fn items() -> super::layout::Item {
    todo!()
}`,
  });
  expect(wrongInRust(right)).toEqual([]);
});

test('modules of the core that use each other are a circle, a module and its parent are none', () => {
  const modules = files({
    'src/core/dynamo/mod.rs': 'use self::table::Slot;',
    'src/core/dynamo/table.rs': 'use super::batches::{self, Batches};\nuse super::Items;',
    'src/core/dynamo/batches.rs': 'fn f(slot: super::table::Slot) {}',
  });
  const circle = 'core::dynamo::table → core::dynamo::batches → core::dynamo::table is a circle';
  expect(wrongInRust(modules)).toEqual([circle]);
});

test('modules of the binding that use each other are a circle', () => {
  const modules = files({
    'src/binding/callbacks.rs': 'use super::environment::EnvironmentCallbacks;',
    'src/binding/environment.rs': 'use super::callbacks::credentials;',
  });
  const circle = 'binding::callbacks → binding::environment → binding::callbacks is a circle';
  expect(wrongInRust(modules)).toEqual([circle]);
});

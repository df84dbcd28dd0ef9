'use strict';

/** A setup file of an application's tests: points them at a DynamoDB of their own. */
process.env.AWS_ENDPOINT_URL_DYNAMODB = process.env.ENDPOINT_OF_THE_TEST;

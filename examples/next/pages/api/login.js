import { promisify } from 'node:util';

export default async function login(request, response) {
  const user = String(request.body?.user ?? '').trim();
  if (request.method !== 'POST' || !user) {
    response.status(400).json({ error: 'user is missing' });
    return;
  }
  // A new id for a new user: one that an attacker planted is worth nothing then.
  await promisify(request.session.regenerate.bind(request.session))();
  Object.assign(request.session, { user, visits: 0 });
  // Stored before the browser is sent on, which may well be faster than DynamoDB.
  await promisify(request.session.save.bind(request.session))();
  response.redirect(303, '/');
}

import { promisify } from 'node:util';

export default async function login(request, response) {
  const user = String(request.body?.user ?? '').trim();
  if (request.method !== 'POST' || !user) {
    response.status(400).json({ error: 'user is missing' });
    return;
  }
  // A new id for a new user: an id that an attacker planted is then useless.
  await promisify(request.session.regenerate.bind(request.session))();
  Object.assign(request.session, { user, visits: 0 });
  // Save first: the browser may follow the redirect before DynamoDB has stored the session.
  await promisify(request.session.save.bind(request.session))();
  response.redirect(303, '/');
}

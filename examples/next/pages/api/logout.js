import { promisify } from 'node:util';

export default async function logout({ method, session }, response) {
  if (method === 'POST') await promisify(session.destroy.bind(session))();
  response.redirect(303, '/');
}

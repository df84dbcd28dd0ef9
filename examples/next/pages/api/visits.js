export default function visits({ session }, response) {
  if (session.user) session.visits += 1;
  const { user = null, visits = 0 } = session;
  response.json({ user, visits });
}

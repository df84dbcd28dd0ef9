/** Express passes its request to Next, so the request has the session. */
export function getServerSideProps({ req }) {
  const { session } = req;
  if (session.user) session.visits += 1;
  const { user = null, visits = 0 } = session;
  return { props: { user, visits } };
}

export default function Home({ user, visits }) {
  if (user === null) {
    return (
      <form method="post" action="/api/login">
        <label>
          Your name <input name="user" required />
        </label>
        <button type="submit">Log in</button>
      </form>
    );
  }
  return (
    <form method="post" action="/api/logout">
      <p>{`Hello ${user}, this is visit ${visits}.`}</p>
      <button type="submit">Log out</button>
    </form>
  );
}

'use strict';

const STYLE = `
  body { display: grid; place-items: center; min-height: 100vh; margin: 0; background: #eef1f5;
    font: 16px/1.5 system-ui, sans-serif; color: #1f2328; }
  main { width: 19rem; padding: 2rem; border-radius: 12px; background: #fff;
    box-shadow: 0 1px 4px #0003; }
  h1 { margin: 0 0 1rem; font-size: 1.3rem; }
  label { display: grid; gap: .3rem; }
  input, button { padding: .5rem .8rem; border: 1px solid #d0d7de; border-radius: 6px; font: inherit; }
  button { width: 100%; margin-top: 1rem; border-color: #1a7f37; background: #1a7f37; color: #fff; }
`;

const LOGIN = `
  <h1>Log in</h1>
  <form method="post" action="/login">
    <label>Your name <input name="user" required autofocus></label>
    <button>Log in</button>
  </form>
`;

/**
 * The first page: a greeting for a user who has logged in, otherwise a form to log in.
 *
 * @param {string | null} user
 * @param {number} visits
 */
function page(user, visits) {
  const body = user === null ? LOGIN : welcome(escaped(user), visits);
  return `<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<title>dynamo-session-store</title>
<style>${STYLE}</style>
<main>${body}</main>
</html>`;
}

function welcome(user, visits) {
  return `
  <h1>Hello ${user}</h1>
  <p>This is visit ${visits}. Reload the page, or restart the server: your session is in DynamoDB.</p>
  <form method="post" action="/logout"><button>Log out</button></form>
`;
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

module.exports = { page };

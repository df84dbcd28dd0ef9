'use strict';

/**
 * Passport with a name and a password. The session in DynamoDB holds only the user's name;
 * everything else comes from the database of users, here a Map. README.md says how to start it.
 */

const { randomBytes, scryptSync, timingSafeEqual } = require('node:crypto');
const express = require('express');
const session = require('express-session');
const passport = require('passport');
const { Strategy } = require('passport-local');
const { DynamoDBStore } = require('dynamo-session-store');

const { SESSION_TABLE, SESSION_SECRET, PORT = '3000' } = process.env;

const users = new Map([['Ann', newUser('Ann', 'correct horse')]]);

function newUser(name, password) {
  const salt = randomBytes(16);
  return { name, salt, hash: scryptSync(password, salt, 32) };
}

passport.use(
  new Strategy({ usernameField: 'user' }, (name, password, done) => {
    const user = users.get(name);
    if (!user) return done(null, false);
    const right = timingSafeEqual(user.hash, scryptSync(password, user.salt, 32));
    return done(null, right && user);
  }),
);
passport.serializeUser((user, done) => done(null, user.name));
passport.deserializeUser((name, done) => done(null, users.get(name) ?? false));

const store = new DynamoDBStore({ table: SESSION_TABLE, payPerRequest: true });
store.on('warning', ({ code, message }) => console.error(`store warning: ${code}: ${message}`));

const app = express();
app.use(express.urlencoded(), express.json());
app.use(
  session({
    store,
    secret: SESSION_SECRET ?? 'keyboard cat',
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 3_600_000, sameSite: 'lax', secure: 'auto' },
  }),
);
app.use(passport.session());

app.get('/', (request, response) => {
  if (request.user) request.session.visits = (request.session.visits ?? 0) + 1;
  response.json({ user: request.user?.name ?? null, visits: request.session.visits ?? 0 });
});

// Passport gives the session a new id and saves it before it calls the next handler.
app.post('/login', passport.authenticate('local'), (_request, response) => response.redirect('/'));

app.post('/logout', (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.redirect('/')));
});

const server = app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => store.close());
    server.closeAllConnections();
  });
}

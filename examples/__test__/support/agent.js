'use strict';

/** A browser without a screen: it keeps cookies, and leaves redirects to the test. */

class Agent {
  /** @type {Map<string, string>} */
  cookies = new Map();
  #url;
  #headers;

  /**
   * @param {string} url of the app
   * @param {Record<string, string>} [headers] of each request
   */
  constructor(url, headers = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  /** The id of its session. */
  get sessionId() {
    return /^s:([^.]+)\./.exec(decodeURIComponent(this.cookies.get('connect.sid')))[1];
  }

  /** @param {string} path @param {RequestInit} [init] */
  async request(path, init = {}) {
    const cookie = Array.from(this.cookies, (pair) => pair.join('=')).join('; ');
    const headers = { accept: 'text/html', cookie, ...this.#headers, ...init.headers };
    const url = new URL(path, this.#url);
    const response = await fetch(url, { redirect: 'manual', ...init, headers });
    for (const each of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(each);
      this.cookies.set(name, value);
    }
    return response;
  }

  /** The text of a page, at the end of redirects. */
  async page(path) {
    const response = await this.request(path);
    const location = response.headers.get('location');
    return location ? this.page(location) : response.text();
  }

  /** @param {string} path @param {Record<string, string>} form */
  post(path, form) {
    return this.request(path, { method: 'POST', body: new URLSearchParams(form) });
  }

  /** @param {string} path @param {object} body */
  async postJson(path, body) {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return (await this.request(path, init)).json();
  }

  /** The events of a stream, as objects with `event` and `data`. @param {string} path */
  async *events(path) {
    const leaving = new AbortController();
    const headers = { accept: 'text/event-stream' };
    const { body } = await this.request(path, { headers, signal: leaving.signal });
    try {
      let text = '';
      for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop();
        for (const block of blocks) {
          const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
          if (event) yield { event, data: JSON.parse(data) };
        }
      }
    } finally {
      leaving.abort();
    }
  }
}

module.exports = { Agent };

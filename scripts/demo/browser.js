'use strict';

/** A minimal browser for the demo: it keeps cookies and follows redirects. */
class Browser {
  /** The values of the cookies, by name. @type {Map<string, string>} */
  #cookies = new Map();

  /** All cookies, in the form of the request header. */
  get cookie() {
    return Array.from(this.#cookies, (pair) => pair.join('=')).join('; ');
  }

  set cookie(text) {
    this.#cookies = new Map();
    for (const each of text.split('; ').filter(Boolean)) this.#keep(each);
  }

  /** @param {string} cookie `name=value`, optionally followed by attributes */
  #keep(cookie) {
    const [, name, value] = /** @type {string[]} */ (/^([^=]*)=([^;]*)/.exec(cookie));
    this.#cookies.set(name, value);
  }

  /** @param {string} url */
  get(url) {
    return this.#request(url, { method: 'GET' });
  }

  /**
   * @param {string} url
   * @param {Record<string, string>} [form]
   */
  post(url, form = {}) {
    return this.#request(url, { method: 'POST', body: new URLSearchParams(form) });
  }

  /**
   * @param {string} url
   * @param {RequestInit} init
   * @returns {Promise<{ status: number, body: any }>}
   */
  async #request(url, init) {
    const headers = { accept: 'application/json', ...(this.cookie && { cookie: this.cookie }) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie);
    const location = response.headers.get('location');
    if (location) return this.get(new URL(location, url).href);
    const text = await response.text();
    if (!response.ok) throw new Error(`${init.method} ${url} gave ${response.status}: ${text}`);
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  }
}

module.exports = { Browser };

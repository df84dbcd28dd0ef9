'use strict';

/** As much of a browser as the demo needs: it keeps one cookie and follows a redirect. */
class Browser {
  /** @type {string | undefined} */
  cookie;

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
    this.cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? this.cookie;
    const location = response.headers.get('location');
    if (location) return this.get(new URL(location, url).href);
    const text = await response.text();
    if (!response.ok) throw new Error(`${init.method} ${url} gave ${response.status}: ${text}`);
    return { status: response.status, body: JSON.parse(text) };
  }
}

module.exports = { Browser };

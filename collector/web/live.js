// live.js - the stream of events, shared between the tabs of this browser.
//
// Browsers open at most six connections to one origin, so seven tabs with a stream each would
// starve. The tabs that watch the same thing stand in line for a Web Lock; the one that has it holds
// the EventSource and passes every event on through a BroadcastChannel. When it closes, the lock goes
// to the next. A tab that hears nothing for STEAL_MS takes the lock away: its holder may be frozen.

import {checkSession} from './session.js';

const STEAL_MS = 8000;
const RETRY_MS = 2000;
const EVENTS = ['state', 'sample'];

// One watched URL, from watch() to the next watch().
class Session {
  constructor(url, heard) {
    this.url = url;
    this.heard = heard;
    this.closed = false;
    this.channel = new BroadcastChannel(url);
    this.channel.onmessage = ({data}) => heard(data.type, data.text);
    this.#standInLine();
  }

  close() {
    this.closed = true;
    this.#letGo();
    this.channel.close();
  }

  steal() {
    if (this.source) return; // it is ours: the browser is reconnecting already
    this.stealing = true;
    this.abort.abort();
  }

  async #standInLine() {
    while (!this.closed) {
      const how = this.stealing ? {steal: true} : {signal: (this.abort = new AbortController()).signal};
      this.stealing = false;
      try {
        await navigator.locks.request(this.url, how, () => new Promise(release => this.#hold(release)));
      } catch {
        // Given up to close or to steal, or stolen from us: stand in line again, unless closed.
      }
      this.#letGo();
    }
  }

  #hold(release) {
    if (this.closed) return release();
    this.release = release;
    this.#open();
  }

  #letGo() {
    clearTimeout(this.retry);
    this.abort?.abort();
    this.source?.close();
    this.source = null;
    this.release?.();
  }

  #open() {
    const source = this.source = new EventSource(this.url);
    for (const type of EVENTS) {
      source.addEventListener(type, ({data}) => {
        this.channel.postMessage({type, text: data});
        this.heard(type, data);
      });
    }
    // A broken line is mended by the browser; a refused one only by asking anew.
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED || this.source !== source) return;
      checkSession(); // over, if that is why
      this.retry = setTimeout(() => this.#open(), RETRY_MS);
    };
  }
}

export class Live {
  // handlers: state(data), sample(data), each with the parsed JSON of an event.
  constructor(handlers) {
    this.handlers = handlers;
    this.heardAt = performance.now();
    setInterval(() => this.#check(), 1000);
    addEventListener('pagehide', () => this.session?.close());
    addEventListener('pageshow', event => event.persisted && this.#begin());
  }

  // Watch the samples of `host` (or none) and the hosts of `pool` (or all).
  watch(host, pool) {
    const query = new URLSearchParams();
    if (host) query.set('host', host);
    if (pool) query.set('pool', pool);
    const url = `/api/v1/stream?${query}`;
    if (url === this.url) return;
    this.url = url;
    this.#begin();
  }

  // Milliseconds since the last event.
  silentMs() {
    return performance.now() - this.heardAt;
  }

  #begin() {
    this.session?.close();
    this.stoleAt = performance.now();
    this.session = new Session(this.url, (type, text) => {
      this.heardAt = performance.now();
      this.handlers[type](JSON.parse(text));
    });
  }

  #check() {
    const now = performance.now();
    if (!this.session || document.hidden || now - Math.max(this.heardAt, this.stoleAt) < STEAL_MS) return;
    this.stoleAt = now;
    this.session.steal();
  }
}

// parts.js - the small parts that lists are made of.

import {STATES, shape} from './words.js';

const REFRESH_MS = 30 * 1000;

export function node(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// Write only what changed: assistive technology and selections stay undisturbed.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setState(element, name, word = STATES[name].word) {
  if (element.dataset.state === name && element.textContent === word) return;
  element.dataset.state = name;
  element.replaceChildren(shape(name), word);
}

// Keep one element per item, in the items' order; `make` builds it, `update` fills it.
export function renderList(list, items, keyOf, make, update) {
  const old = new Map([...list.children].map(child => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const key = keyOf(item);
    const child = old.get(key) ?? make();
    old.delete(key);
    child.dataset.key = key;
    if (list.children[index] !== child) list.insertBefore(child, list.children[index] ?? null);
    update(child, item);
  });
  for (const child of old.values()) child.remove();
}

export function bar() {
  const element = node('div', 'bar');
  element.setAttribute('aria-hidden', 'true');
  element.append(node('div', 'bar-fill'), node('div', 'bar-line'));
  return element;
}

// `limit`: the levels of that resource; the line stands where somebody is paged.
export function setBar(element, share, limit) {
  const [fill, line] = element.children;
  fill.style.width = `${Math.min(100, 100 * (share ?? 0))}%`;
  fill.dataset.level = !limit || !share ? '' : share >= limit.page ? 'act' : share >= limit.warn ? 'watch' : 'ok';
  line.hidden = !limit;
  if (limit) line.style.left = `${100 * limit.page}%`;
}

// What the collector lists of one pool at /api/v1/<what>, read when another pool is chosen and every REFRESH_MS.
export class OfPool {
  // changed(): there is something else to show.
  constructor(what, changed) {
    this.what = what;
    this.changed = changed;
    this.pool = null;
    this.all = []; // as listed
    setInterval(() => this.#read(), REFRESH_MS);
  }

  show(pool) {
    if (pool === this.pool) return;
    this.pool = pool;
    this.all = [];
    this.#read();
  }

  async #read() {
    const {pool} = this;
    if (!pool || document.hidden) return;
    try {
      const answer = await fetch(`/api/v1/${this.what}?${new URLSearchParams({pool})}`);
      const json = await answer.json();
      if (!answer.ok || pool !== this.pool) return;
      this.all = json[this.what];
      this.changed();
    } catch {
      // The banner says when the collector does not answer; what was read stays.
    }
  }
}

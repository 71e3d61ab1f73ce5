// alerts.js - one alert: what it is, who was told, who has it; and what somebody on call says about it.

import {node, setState, setText} from './parts.js';
import {mayAnswer, send} from './session.js';
import {moment} from './words.js';

const DELIVERIES_MS = 5 * 1000; // between two looks at an open log
const DELIVERIES_MAX = 20; // shown, newest first
const PAGE_WORDS = {queued: 'is being told', sent: 'told', retry: 'not told yet, trying again', failed: 'could not be told', withdrawn: 'need not be told'};

// What became of an attempt: its shape and its words.
const ENDS = {
  delivered: ['ok', 'delivered'],
  retry: ['watch', 'not yet, it is tried again'],
  rejected: ['act', 'refused: this message will never be taken'],
  broken: ['act', 'broken: nothing will ever be taken there'],
  expired: ['act', 'given up: its time was over'],
  refused: ['act', 'not tried: too many pages were waiting'],
  withdrawn: ['nodata', 'taken back: nobody needs it any more'],
};

const SNOOZES = [['30m', '30 min'], ['1h', '1 h'], ['2h', '2 h'], ['8h', '8 h']];
const SILENCES = [['1h', '1 h'], ['4h', '4 h'], ['24h', '24 h'], ['7d', '7 d']];

// An alert's shape and word, by its state, by who has it, and by its tier.
export function alertLook({state, tier, acknowledged, snoozed, silenced}) {
  if (state === 'resolved') return ['ok', 'resolved'];
  if (state === 'pending') return ['watch', 'beginning'];
  if (acknowledged) return ['watch', 'acknowledged'];
  if (snoozed) return ['watch', 'snoozed'];
  if (silenced) return ['watch', 'silenced'];
  return tier === 'page' ? ['act', 'paging'] : ['watch', 'warning'];
}

// "alex has it until 14:33:12 UTC"; empty: nobody has said anything.
function heldText({acknowledged, snoozed, silenced}, now) {
  const until = hold => `until ${moment(Date.parse(hold.until), now)}`;
  const lines = [];
  if (acknowledged) lines.push(`${acknowledged.by} has it ${until(acknowledged)}`);
  if (snoozed) lines.push(`${snoozed.by} put it off ${until(snoozed)}`);
  if (silenced) lines.push(`${silenced.by} silenced it ${until(silenced)}: ${silenced.reason}`);
  return lines.join(' · ');
}

function factsText(alert, shown, now) {
  const at = alert.state === 'resolved' ? `resolved ${moment(Date.parse(alert.resolved), now)}` : `since ${moment(Date.parse(alert.since), now)}`;
  const facts = alert.pages.map(page => `${page.target} ${PAGE_WORDS[page.state] ?? page.state}`);
  if (alert.hidden_by) facts.push(`a consequence of ${alert.hidden_by}: not told on its own`);
  else if (shown === 'act' && facts.length === 0) facts.push('nobody is told: this pool has no notifier');
  if (alert.helps) facts.push(`${alert.helps} would help`);
  if (alert.owner) facts.push(`owner ${alert.owner}`);
  return [at, ...facts].join(' · ');
}

function button(text, onClick, className = '') {
  const element = node('button', className, text);
  element.type = 'button';
  element.addEventListener('click', onClick);
  return element;
}

function selection(choices) {
  const element = node('select');
  for (const [value, text] of choices) element.append(new Option(text, value));
  return element;
}

function labelled(text, field) {
  const element = node('label', '', text);
  element.append(field);
  return element;
}

class Card {
  constructor() {
    this.item = node('li');
    this.card = node('div', 'card');
    const head = node('div', 'card-head');
    head.append(node('span', 'card-name'), node('span', 'state'));
    this.held = node('div', 'alert-held');
    this.problem = node('p', 'banner banner-bad');
    this.problem.setAttribute('role', 'alert');
    this.problem.hidden = true;
    this.runbook = node('a', 'alert-runbook');
    this.card.append(head, node('div', 'alert-text'), this.held, node('div', 'alert-pages'), this.runbook,
      this.#makeActions(), this.#makeSnooze(), this.#makeSilence(), this.problem, this.#makeLog());
    this.item.append(this.card);
  }

  #makeActions() {
    this.acknowledge = button('Acknowledge', () => this.#say('ack'), 'main');
    this.snooze = button('Snooze …', () => this.#open(this.snoozeForm, this.snooze));
    this.silence = button('Silence …', () => this.#open(this.silenceForm, this.silence));
    this.release = button('Give back', () => this.#say('release'));
    this.told = button('Who was told', () => this.#toggleLog());
    this.told.setAttribute('aria-expanded', 'false');
    const row = node('div', 'actions');
    row.append(this.acknowledge, this.release, this.snooze, this.silence, this.told);
    return row;
  }

  #makeForm(fields, submit, onSubmit) {
    const form = node('form', 'say');
    form.hidden = true;
    form.append(...fields, node('button', 'main', submit), button('Cancel', () => this.#close(form)));
    form.addEventListener('submit', event => {
      event.preventDefault();
      onSubmit();
    });
    form.addEventListener('keydown', ({key}) => key === 'Escape' && this.#close(form));
    return form;
  }

  #makeSnooze() {
    const time = selection(SNOOZES);
    this.snoozeForm = this.#makeForm([labelled('Nobody is told for ', time)], 'Snooze', () => this.#say('snooze', {for: time.value}));
    return this.snoozeForm;
  }

  #makeSilence() {
    const time = selection(SILENCES), reason = node('input');
    reason.required = true;
    reason.maxLength = 120;
    this.silenceForm = this.#makeForm([labelled('Silence this rule in this pool for ', time), labelled('Why', reason)], 'Silence', () => {
      const {pool, rule} = this.alert;
      this.#send('/api/v1/silences', {pool, rule, for: time.value, reason: reason.value});
    });
    return this.silenceForm;
  }

  #makeLog() {
    this.log = node('ol', 'deliveries');
    this.log.hidden = true;
    return this.log;
  }

  #open(form, opener) {
    this.#close(this.snoozeForm);
    this.#close(this.silenceForm);
    form.opener = opener;
    form.hidden = false;
    form.querySelector('select').focus();
  }

  #close(form) {
    const hadFocus = form.contains(document.activeElement);
    form.hidden = true;
    if (hadFocus) form.opener.focus();
  }

  #say(act, body = {}) {
    return this.#send(`/api/v1/alerts/${encodeURIComponent(this.alert.id)}/${act}`, body);
  }

  // What holds then comes with the next `state` event.
  async #send(path, body) {
    this.card.setAttribute('aria-busy', 'true');
    const answer = await send('POST', path, body).catch(() => null);
    const told = answer?.ok ? {} : await answer?.json().catch(() => null);
    this.card.removeAttribute('aria-busy');
    setText(this.problem, answer?.ok ? '' : told?.detail ?? 'The collector does not answer: nothing was said.');
    this.problem.hidden = Boolean(answer?.ok);
    if (!answer?.ok) return;
    this.#close(this.snoozeForm);
    this.#close(this.silenceForm);
  }

  // ---- did Alex get it? ----

  #toggleLog() {
    const open = this.log.hidden;
    this.told.setAttribute('aria-expanded', String(open));
    this.log.hidden = !open;
    this.readAt = 0;
    if (open) this.#readLog();
  }

  async #readLog() {
    this.readAt = Date.now();
    const answer = await fetch(`/api/v1/alerts/${encodeURIComponent(this.alert.id)}/deliveries`).catch(() => null);
    if (!answer?.ok) return; // the banner says when the collector does not answer
    const {deliveries} = await answer.json();
    const since = deliveries.filter(({opened}) => opened === this.alert.opened);
    this.log.replaceChildren(...since.slice(0, DELIVERIES_MAX).map(delivery => this.#entry(delivery)));
    if (since.length > DELIVERIES_MAX) this.log.append(node('li', 'quiet', `And ${since.length - DELIVERIES_MAX} before: plimsoll deliveries ${this.alert.id}`));
    if (since.length === 0) this.log.append(node('li', 'quiet', 'Nobody was told yet.'));
  }

  #entry({at, target, person, told, end, attempt, answer}) {
    const item = node('li'), outcome = node('span', 'state');
    const [shown, words] = ENDS[end] ?? ['nodata', end];
    setState(outcome, shown, words);
    const details = [told === 'resolved' ? 'that it is over' : 'that it fires'];
    if (attempt > 1) details.push(`attempt ${attempt}`);
    if (answer && end !== 'withdrawn') details.push(/^\d+$/.test(answer) ? `answer ${answer}` : answer);
    item.append(node('b', '', person ? `${person} by ${target}` : target), outcome,
      node('span', 'quiet', `${moment(Date.parse(at), this.now)} · ${details.join(' · ')}`));
    return item;
  }

  // ---- every second ----

  update(alert, now) {
    const pagesChanged = this.alert && JSON.stringify(this.alert.pages) !== JSON.stringify(alert.pages);
    const [shown, word] = alertLook(alert);
    this.alert = alert;
    this.now = now;
    this.card.dataset.state = shown;
    setText(this.item.querySelector('.card-name'), alert.pool);
    setState(this.item.querySelector('.card-head .state'), shown, word);
    setText(this.item.querySelector('.alert-text'), alert.summary);
    setText(this.held, heldText(alert, now));
    setText(this.item.querySelector('.alert-pages'), factsText(alert, shown, now));
    this.runbook.hidden = !alert.runbook;
    if (alert.runbook) this.runbook.href = alert.runbook;
    setText(this.runbook, alert.runbook ? 'Runbook' : '');
    this.#showActions(alert);
    if (!this.log.hidden && (pagesChanged || Date.now() - this.readAt > DELIVERIES_MS)) this.#readLog();
  }

  #showActions(alert) {
    const may = mayAnswer() && alert.state === 'firing';
    const held = Boolean(alert.acknowledged || alert.snoozed);
    const wasFocused = this.item.contains(document.activeElement) ? document.activeElement : null;
    this.acknowledge.hidden = !may || Boolean(alert.acknowledged);
    this.release.hidden = !may || !held;
    this.snooze.hidden = !may || held;
    this.silence.hidden = !may || Boolean(alert.silenced);
    if (!may) for (const form of [this.snoozeForm, this.silenceForm]) form.hidden = true;
    for (const element of [this.acknowledge, this.release, this.snooze, this.silence, this.told])
      element.setAttribute('aria-label', `${element.textContent.replace(' …', '')}: ${alert.rule} of ${alert.pool}`);
    if (wasFocused?.hidden) (held && may ? this.release : this.told).focus(); // who works by keys stays here
  }
}

const cards = new WeakMap(); // list item -> Card

export function makeAlert() {
  const card = new Card();
  cards.set(card.item, card);
  return card.item;
}

export function updateAlert(item, alert, now) {
  cards.get(item).update(alert, now);
}

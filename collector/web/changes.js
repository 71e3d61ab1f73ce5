// changes.js - what changed in the pool that is looked at: a short list, and marks on its host's charts.
//
// Read from /api/v1/changes when another pool is chosen and now and then; the same change on several
// hosts is one line.

import {OfPool} from './parts.js';

const SHOWN_MAX = 8;
const NAMED_MAX = 3;

export class Changes extends OfPool {
  // changed(): there is something else to show.
  constructor(changed) {
    super('changes', changed);
  }

  // Of one host, for its charts: [{t, text}], newest first.
  of(host) {
    return this.all.filter(change => change.host === host).map(({time, text}) => ({t: Date.parse(time), text}));
  }

  // [{text, hosts, t}], newest first.
  groups() {
    const groups = new Map();
    for (const {text, host, time} of this.all) {
      if (!groups.has(text)) groups.set(text, {text, hosts: [], t: Date.parse(time)});
      const {hosts} = groups.get(text);
      if (!hosts.includes(host)) hosts.push(host);
    }
    return [...groups.values()];
  }

  lines() {
    return this.groups().slice(0, SHOWN_MAX).map(({text, hosts, t}) => {
      const named = hosts.slice(0, NAMED_MAX).join(', ');
      return {text, t, where: hosts.length > NAMED_MAX ? `${named} and ${hosts.length - NAMED_MAX} more` : named};
    });
  }

  moreCount() {
    return Math.max(0, this.groups().length - SHOWN_MAX);
  }
}

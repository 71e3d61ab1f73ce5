// launches.js - what is announced for the pool that is looked at, as flags on the chart of its traffic.

import {OfPool} from './parts.js';

const TITLE_MAX = 28;

export class Launches extends OfPool {
  // changed(): there is something else to show.
  constructor(changed) {
    super('launches', changed);
  }

  // [{t, text, shown}], one for each that was not called off, at the moment people hear of it.
  marks() {
    return this.all.filter(({state}) => state !== 'cancelled').map(({title, announce_at, starts_at}) => ({
      t: Date.parse(announce_at ?? starts_at),
      text: title.length > TITLE_MAX ? `${title.slice(0, TITLE_MAX - 1)}…` : title,
      shown: 'ink',
    }));
  }
}

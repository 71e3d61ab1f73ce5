// oncall.js - who is on call now, until when, and what is wrong with the coming days.
//
// Read from /api/v1/schedules every REFRESH_MS; who has no schedules sees nothing of it.

const REFRESH_MS = 30 * 1000;
const WARNINGS_MAX = 4;

export class OnCall {
  // changed(): there is something else to show.
  constructor(changed) {
    this.changed = changed;
    this.schedules = [];
    this.warnings = [];
    setInterval(() => this.#read(), REFRESH_MS);
    this.#read();
  }

  // [{key, text, zone, gap}]: the schedules, then the first warnings.
  lines() {
    const now = this.schedules.map(({schedule, text, zone, person}) =>
      ({key: `s:${schedule}`, text: `${schedule}: ${text}`, zone, gap: person === null}));
    const ahead = this.warnings.slice(0, WARNINGS_MAX).map(({kind, text}) => ({key: `w:${text}`, text, zone: '', gap: kind === 'gap'}));
    return [...now, ...ahead];
  }

  async #read() {
    if (document.hidden) return;
    try {
      const answer = await fetch('/api/v1/schedules');
      const json = await answer.json();
      if (!answer.ok) return;
      this.schedules = json.schedules;
      this.warnings = json.warnings;
      this.changed();
    } catch {
      // The banner says when the collector does not answer; what was read stays.
    }
  }
}

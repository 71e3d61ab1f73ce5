// session.js - who is logged in: shown in the header, kept for requests that change something, and
// led back to the login when it is over.

let session = null;

function toLogin() {
  location.replace(`/login.html${location.hash}`);
}

// Who this is; null without a session.
export async function openSession() {
  const answer = await fetch('/api/v1/session');
  session = answer.ok ? await answer.json() : null;
  return session;
}

// The session's customer; undefined: one of ours.
export const customerOf = () => session?.customer;

// Ask who this is; without a session the login follows. A collector that does not answer is no
// reason to leave the page.
export async function checkSession() {
  const answer = await fetch('/api/v1/session').catch(() => null);
  if (answer?.status === 401) return toLogin();
  if (answer?.ok) session = await answer.json();
}

// fetch() that may change something: with the session's CSRF token, and `body` as JSON.
export function send(method, path, body, extra = {}) {
  const headers = {...extra, 'X-CSRF-Token': session?.csrf ?? ''};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  return fetch(path, {method, headers, body: body === undefined ? undefined : JSON.stringify(body)});
}

// May this one say something about alerts?
export const mayAnswer = () => ['on-call', 'ops', 'admin'].includes(session?.role);

export async function showSession() {
  await checkSession();
  if (!session) return;
  const who = document.getElementById('who'), out = document.getElementById('logout');
  who.textContent = `${session.name} (${session.role})`;
  out.hidden = false;
  out.onclick = async () => {
    const answer = await send('DELETE', '/api/v1/session').catch(() => null);
    if (answer?.ok || answer?.status === 401) toLogin();
  };
}

// login.js - logging in by name and password, or by a link that is good once.
//
// The link's secret stands behind the # of the address: it is sent to nobody by opening the page, so
// a scanner that follows links does not use it up. What else stands there goes on to the live page.

const el = id => document.getElementById(id);
const given = new URLSearchParams(location.hash.slice(1));
const link = given.get('link');

// What was asked for is on the live page, with what was chosen there.
function goOn() {
  given.delete('link');
  const rest = given.toString();
  location.replace(rest ? `/#${rest}` : '/');
}

function complain(text) {
  el('problem').textContent = text;
  el('problem').hidden = !text;
}

function setBusy(busy) {
  for (const button of document.querySelectorAll('button')) button.disabled = busy;
}

async function logIn(body) {
  complain('');
  setBusy(true);
  try {
    const answer = await fetch('/api/v1/session', {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify(body),
    });
    if (answer.ok) return goOn();
    complain((await answer.json()).detail);
  } catch {
    complain('The collector does not answer. Try again in a moment.');
  }
  setBusy(false);
}

el('login').addEventListener('submit', event => {
  event.preventDefault();
  logIn({name: el('name').value, password: el('password').value});
});

el('welcome').addEventListener('submit', event => {
  event.preventDefault();
  const password = el('new-password').value;
  if (password !== el('new-again').value) return complain('The two passwords are not the same.');
  if (!password) return complain('Choose a password, or log in without one.');
  logIn({link, password});
});

el('without').addEventListener('click', () => logIn({link}));

// A link from another site (a page, a mail) comes without the session's cookie and ends here, but
// the session may be there all the same.
const session = link ? null : await fetch('/api/v1/session').catch(() => null);
if (session?.ok) {
  goOn();
} else {
  el(link ? 'welcome' : 'login').hidden = false;
  el(link ? 'new-password' : 'name').focus();
}

// The gate's own page, for applications behind a proxy that adds the session's token to every request.
import {call, registerPasskey, stepUp, stepUpWithCode} from './step-up.js';

const at = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const path = asked.get('path') || '';
const method = asked.get('method') || 'GET';

const WORDS = {
  'passkey-refused': 'This passkey was not accepted.',
  'passkey-copied': 'This passkey was not accepted: it may have been copied. Tell your administrator.',
  'code-refused': 'This code is not right. Wait for the next one and try again.',
  'code-used': 'This code was used before. Wait for the next one.',
  'too-many-attempts': 'Too many attempts. Try again in a quarter of an hour.',
  'invitation-refused': 'This invitation is not for you, was used, or has ended.',
  'ceremony-unknown': 'That took too long. Try again.',
  'no-passkey': 'No passkey is registered for your account.',
  'no-code': 'No authenticator app is registered for your account.',
  'token-missing': 'You are not signed in to the application.',
};

function say(text, bad = false) {
  at('message').textContent = text;
  at('message').classList.toggle('bad', bad);
}

async function attempt(work) {
  const buttons = [...document.querySelectorAll('button')];
  buttons.forEach((button) => { button.disabled = true; });
  say('');
  try {
    await work();
  } catch (error) {
    const cancelled = error.name === 'NotAllowedError';
    say(cancelled ? 'It was cancelled, or took too long.' : WORDS[error.code] || `It did not work (${error.code || error.name}).`, true);
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

function done({until}) {
  const minutes = Math.max(1, Math.round((until * 1000 - Date.now()) / 60000));
  say(`Confirmed. It holds for ${minutes} minutes.`);
  if (path.startsWith('/') && !path.startsWith('//') && method === 'GET') {
    const target = new URL(path, location.origin);
    if (target.origin === location.origin) location.assign(target);
  }
}

async function show() {
  const state = await call('state', {});
  at('confirm').hidden = !path;
  at('target').textContent = `${method} ${path}`;
  at('use-passkey').hidden = state.passkeys === 0;
  at('use-code').hidden = !state.code;
  at('nothing').hidden = state.passkeys > 0 || state.code;
  if (!path) at('why').textContent = 'Register a passkey or an authenticator app for confirmations.';
  at('register').open = !path || (state.passkeys === 0 && !state.code);
}

at('use-passkey').addEventListener('click', () => attempt(async () => done(await stepUp({path, method}))));

at('use-code').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(async () => done(await stepUpWithCode({path, method, code: at('code').value})));
});

at('registration').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(async () => {
    await registerPasskey({invitation: at('invitation').value.trim(), name: at('name').value});
    await show();
    say('The passkey is registered.');
  });
});

at('register-code').addEventListener('click', () => attempt(async () => {
  const {secret, picture} = await call('register/code/ask', {invitation: at('invitation').value.trim()});
  at('secret').textContent = secret;
  at('picture').src = `data:image/svg+xml,${encodeURIComponent(picture)}`;
  at('first-code').hidden = false;
  at('first').focus();
}));

at('first-code').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(async () => {
    await call('register/code/answer', {invitation: at('invitation').value.trim(), code: at('first').value});
    at('first-code').hidden = true;
    at('secret').textContent = '';
    at('picture').removeAttribute('src');
    await show();
    say('The authenticator app is registered.');
  });
});

attempt(show);

// Step-up from an application's own page: `stepUp({path, method, token})` after a 401 that asks for it.
// The endpoints need the session's token. Where a proxy adds it, leave `token` out; else it is sent as Bearer.

const BASE = new URL('.', import.meta.url);

export class StepUpError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export async function call(name, fields, token) {
  const headers = {'content-type': 'application/json'};
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(new URL(name, BASE), {
    method: 'POST', headers, body: JSON.stringify(fields), credentials: 'same-origin', redirect: 'error',
  });
  let document = {};
  try {
    document = await response.json();
  } catch {
    // an answer of the proxy, not of the gate
  }
  if (!response.ok) throw new StepUpError(document.code || `http-${response.status}`);
  return document;
}

// Asks for a passkey. Resolves to {acr, until}; then send the refused request again.
export async function stepUp({path, method = 'GET', token} = {}) {
  const {ceremony, options} = await call('passkey/ask', {path, method}, token);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({publicKey});
  return call('passkey/answer', {ceremony, credential: credential.toJSON()}, token);
}

// The fall-back: a code from an authenticator app.
export function stepUpWithCode({path, method = 'GET', code, token}) {
  return call('code', {path, method, code}, token);
}

export async function registerPasskey({invitation, name, token}) {
  const {ceremony, options} = await call('register/passkey/ask', {invitation}, token);
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await navigator.credentials.create({publicKey});
  return call('register/passkey/answer', {invitation, ceremony, name, credential: credential.toJSON()}, token);
}

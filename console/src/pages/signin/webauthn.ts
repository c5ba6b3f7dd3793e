/** WebAuthn in the browser, with conversion from and to the server's JSON. */

/** Return whether passkeys are possible here: they need a secure page at a host name, not at an IP address. */
export function passkeysWork(): boolean {
  return window.isSecureContext && typeof window.PublicKeyCredential === "function" && !isAddress(window.location.hostname);
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(":");
}

export type Options = Record<string, unknown>;

interface JsonDescriptor {
  id: string;
  type: string;
  transports?: string[];
}

/** Create a passkey. Returns null if the user or the browser cancelled. */
export async function makePasskey(options: Options): Promise<unknown> {
  const user = options["user"] as { id: string; name: string; displayName: string };
  const publicKey = {
    ...options,
    challenge: decoded(options["challenge"] as string),
    user: { ...user, id: decoded(user.id) },
    excludeCredentials: descriptors(options["excludeCredentials"]),
  } as unknown as PublicKeyCredentialCreationOptions;
  return asked(() => navigator.credentials.create({ publicKey }));
}

/** Use a passkey. Returns null if the user or the browser cancelled. */
export async function usePasskey(options: Options, signal?: AbortSignal): Promise<unknown> {
  const publicKey = {
    ...options,
    challenge: decoded(options["challenge"] as string),
    allowCredentials: descriptors(options["allowCredentials"]),
  } as unknown as PublicKeyCredentialRequestOptions;
  return asked(() => navigator.credentials.get({ publicKey, ...(signal ? { signal } : {}) }));
}

async function asked(ceremony: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const credential = await ceremony();
    return credential === null ? null : inJson(credential as PublicKeyCredential);
  } catch (fault) {
    if (fault instanceof DOMException && ["NotAllowedError", "AbortError"].includes(fault.name)) return null;
    throw fault instanceof DOMException && fault.name === "InvalidStateError"
      ? new Error("This device has a passkey of yours already.")
      : fault;
  }
}

function descriptors(listed: unknown): PublicKeyCredentialDescriptor[] {
  return ((listed as JsonDescriptor[] | undefined) ?? []).map((one) => ({ ...one, id: decoded(one.id) }) as PublicKeyCredentialDescriptor);
}

function inJson(credential: PublicKeyCredential): unknown {
  const response = credential.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const isNew = Reflect.has(response, "attestationObject");
  return {
    id: credential.id,
    rawId: encoded(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: isNew
      ? {
          clientDataJSON: encoded(response.clientDataJSON),
          attestationObject: encoded(response.attestationObject),
          transports: response.getTransports(),
        }
      : {
          clientDataJSON: encoded(response.clientDataJSON),
          authenticatorData: encoded(response.authenticatorData),
          signature: encoded(response.signature),
          userHandle: response.userHandle === null ? null : encoded(response.userHandle),
        },
  };
}

/** Encode base64url without padding (RFC 4648 section 5). */
export function encoded(bytes: ArrayBuffer): string {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

export function decoded(text: string): ArrayBuffer {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0)).buffer;
}

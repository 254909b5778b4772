/** Takes secrets out of a text. */
export type Redact = (text: string) => string;

const hidden = '[secret]';

/** Shapes of keys of the services we speak to, for keys that no setting names. */
const keyShapes = /\b(?:ntn_|secret_|hf_|r8_|rpa_)[A-Za-z0-9]{8,}/g;

/** A redactor that knows these values, as they are and as JSON and URLs write them. */
export function createRedact(secrets: readonly string[]): Redact {
  const forms = secrets.flatMap((secret) =>
    secret.length < 4 ? [] : [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)],
  );
  const known = [...new Set(forms)].toSorted((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const form of known) clean = clean.replaceAll(form, hidden);
    return clean.replaceAll(keyShapes, hidden);
  };
}

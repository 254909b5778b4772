/** A plain page with one field, which works without scripts. `next` is a path of ours, `error` what went wrong the last time. */
export function loginPage({ next, error }: { next: string; error?: string }): string {
  const alert = error === undefined ? '' : `<p role="alert" id="problem">${escapeHtml(error)}</p>`;
  const invalid = error === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"';
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Log in · notion-to-facebook</title>
    <link rel="stylesheet" href="/page/page.css">
  </head>
  <body class="login">
    <main>
      <h1>Log in</h1>
      ${alert}
      <form method="post" action="/login">
        <input type="hidden" name="next" value="${escapeHtml(next)}">
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus${invalid}>
        <p>Whoever set up this server gave it to you: it is one of its API_TOKENS.</p>
        <button type="submit">Log in</button>
      </form>
    </main>
  </body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

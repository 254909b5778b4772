/** What the HTTP API answers when an image could not be made; what to do about each attempt is in the table of failures. */
export const apiMessages = {
  title: 'Image generation failed',
  notSaved: 'The server cannot keep pictures at the moment: its operator finds the reason in the log.',
  noProvider:
    'No image provider is configured: set HUGGINGFACE_API_KEY or SD_ENABLED=true on the server, or send "allowPlaceholder": true for a drawn card.',
  refused: (said: string) => `The provider refused the prompt, and no other is asked: reword it. It said: ${said}`,
  allFailed: (lastError: string) => `Image generation failed with all providers. Last error: ${lastError}`,
  notAskedAgain: (said: string, until: string | undefined) =>
    `${said} (not asked again${until === undefined ? '' : ` until ${until}`})`,
};

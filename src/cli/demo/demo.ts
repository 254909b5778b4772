import { join } from 'node:path';
import { boardProperties, statusNames } from '../../core/properties.ts';
import { formats } from '../../core/post.ts';
import { startEmbeddedBoard } from '../../emulators/notion/embedded-board.ts';
import { type EmulatedHuggingFace, startEmulatedHuggingFace } from '../../emulators/hugging-face/server.ts';
import { samplePosts } from './posts.ts';

/** Starts the embedded board with its sample posts on loopback, and unless `real` an emulated Hugging Face that is out of credit. */
export async function startDemo({ real, port = 0 }: { real: boolean; port?: number }) {
  const board = await startEmbeddedBoard({ port, connectionName: 'notion-to-facebook' });
  const huggingFace = real ? undefined : await startEmulatedHuggingFace({ behaviour: 'out_of_credit' });
  const database = board.createDatabase('Facebook posts', demoProperties());
  const ids = samplePosts.map(({ name, caption, prompt, format }) =>
    database.addRow({
      Name: name,
      Caption: caption,
      Prompt: prompt,
      Status: statusNames['needs-image'],
      ...(format !== undefined && { Format: format }),
    }),
  );
  return {
    url: board.url,
    /** Environment variables for a worker on this board. */
    variables: {
      NOTION_TOKEN: board.token,
      NOTION_DATABASE_ID: database.id,
      NOTION_API_URL: board.url,
      ...(huggingFace && emulatedProviders(huggingFace)),
    },
    /** The rows as an editor sees them: title, status, provider, path of the image in `imagesDir`, why. */
    rows: (imagesDir: string) =>
      ids.map((id) => {
        const { values } = database.row(id);
        const text = (name: string) => (typeof values[name] === 'string' ? values[name] : '');
        const file = text('Image file');
        return [text('Name'), text('Status'), text('Provider'), file && join(imagesDir, file), text('Why')];
      }),
    async [Symbol.asyncDispose]() {
      await huggingFace?.close();
      await board.close();
    },
  };
}

function emulatedProviders({ url, hubUrl }: EmulatedHuggingFace): Record<string, string> {
  return {
    IMAGE_PROVIDERS: 'huggingface,placeholder',
    HUGGINGFACE_API_KEY: 'hf_demo_key_without_credit',
    HF_ENDPOINT: url,
    HF_HUB_URL: hubUrl,
  };
}

/** A board with every property that the product knows. */
export function demoProperties() {
  return Object.fromEntries(
    Object.values(boardProperties).map(({ name, types: [type] }) => {
      if (type === 'status') return [name, { status: { options: Object.values(statusNames).map(option) } }];
      if (name === boardProperties.format.name)
        return [name, { select: { options: Object.keys(formats).map(option) } }];
      if (type === 'select') return [name, { select: { options: [] } }];
      return [name, { [type]: {} }];
    }),
  );
}

const option = (name: string) => ({ name });

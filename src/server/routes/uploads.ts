import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { guardedAnswers, notFound } from '../http-error.ts';
import type { Identity } from '../auth/identity.ts';
import type { ServerParts } from '../parts.ts';
import type { ServerSettings } from '../settings.ts';

const uploadName = /^\d{13,}-generated\.png$/;
const imageName = /^[A-Za-z0-9][\w-]*\.(?:png|jpg|webp)$/;
const userFolder = /^user-[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const yearSeconds = 31_536_000;

const fileParams = z.object({ file: z.string() });
const uploadParams = z.object({ user: z.string(), file: z.string() });

/** Where an image is expected. */
interface Place {
  folder: string;
  file: string;
  isPublic: boolean;
}

/** The images on disk: those made over HTTP for whoever asked for them, those of the board for every known caller. */
export function uploadRoutes(parts: ServerParts, settings: ServerSettings): FastifyPluginAsyncZod {
  const { folders } = parts;
  const { uploadsPublic, corsOrigins } = settings;
  const access = uploadsPublic ? ({ access: 'open', perAddress: 1200 } as const) : {};

  /** The place of an upload, if the caller may see it. @throws {HttpError} as if there were none */
  const upload = (caller: Identity | undefined, { user, file }: z.output<typeof uploadParams>): Place => {
    const isTheirs = uploadsPublic ? userFolder.test(user) && !user.includes('..') : user === `user-${caller?.id}`;
    if (!isTheirs || !uploadName.test(file)) throw notFound();
    return { folder: join(folders.uploads, 'images', user), file, isPublic: uploadsPublic };
  };

  const boardImage = ({ file }: z.output<typeof fileParams>): Place => {
    if (!imageName.test(file)) throw notFound();
    return { folder: folders.images, file, isPublic: false };
  };

  /** Images never change, because nothing is ever overwritten. */
  const cacheForGood = (reply: FastifyReply, isPublic: boolean): FastifyReply => {
    const ownPages = corsOrigins.length > 0 ? 'same-site' : 'same-origin';
    return reply.headers({
      'cache-control': `${isPublic ? 'public' : 'private'}, max-age=${yearSeconds}, immutable`,
      'cross-origin-resource-policy': isPublic ? 'cross-origin' : ownPages,
    });
  };

  const send = async (reply: FastifyReply, { folder, file, isPublic }: Place) => {
    if (!(await isFile(join(folder, file)))) throw notFound();
    return cacheForGood(reply, isPublic)
      .header('content-disposition', 'inline')
      .sendFile(file, folder, { cacheControl: false });
  };

  const sendThumbnail = async (reply: FastifyReply, { folder, file, isPublic }: Place) => {
    const bytes = await parts.thumbnail(join(folder, file));
    if (!bytes) throw notFound();
    return cacheForGood(reply, isPublic).type('image/webp').send(Buffer.from(bytes));
  };

  return async (app) => {
    const uploaded = { config: access, schema: describe('A picture made over HTTP', 'image/png', uploadParams) };
    app.get('/uploads/images/:user/:file', uploaded, async ({ caller, params }, reply) =>
      send(reply, upload(caller, params)),
    );
    const uploadedSmall = { config: access, schema: describe('The same, small', 'image/webp', uploadParams) };
    app.get('/thumbnails/uploads/images/:user/:file', uploadedSmall, async ({ caller, params }, reply) =>
      sendThumbnail(reply, upload(caller, params)),
    );
    const ofBoard = { schema: describe('A picture of the board', 'image/*', fileParams) };
    app.get('/pictures/:file', ofBoard, async ({ params }, reply) => send(reply, boardImage(params)));
    const ofBoardSmall = { schema: describe('The same, small', 'image/webp', fileParams) };
    app.get('/thumbnails/pictures/:file', ofBoardSmall, async ({ params }, reply) =>
      sendThumbnail(reply, boardImage(params)),
    );
  };
}

function describe<P extends z.ZodType>(summary: string, mediaType: string, params: P) {
  const bytes = z.string().meta({ contentMediaType: mediaType });
  const image = { description: 'The picture.', content: { [mediaType]: { schema: bytes } } };
  return { tags: ['pictures'], summary, params, response: guardedAnswers({ 200: image }, 404) };
}

/** A link would lead elsewhere. */
async function isFile(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch {
    return false;
  }
}

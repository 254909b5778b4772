// Draws docs/images/board.png: the demo's board after one pass, read over the Notion API and laid out as editors see it.
// Needs a build in dist/, and Chromium at CHROMIUM_PATH.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@notionhq/client';
import pino from 'pino';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { createApp } from '../dist/app/worker.js';
import { readConfig } from '../dist/config/config.js';
import { startDemo } from '../dist/cli/demo/demo.js';

const pictureFile = fileURLToPath(new URL('../docs/images/board.png', import.meta.url));
const line = '<path d="M2 4h12M2 8h12M2 12h7"/>';
const choice = '<circle cx="8" cy="8" r="6"/><path d="M5.5 7 8 9.5 10.5 7"/>';
/** Name, width in CSS pixels and icon. */
const columns = [
  ['Name', 240, '<path d="m1.5 12.5 4-9 4 9M3 9.5h5"/><circle cx="12.2" cy="10.2" r="2.3"/><path d="M14.5 7.5v5"/>'],
  ['Status', 132, '<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/>'],
  ['Image', 205, '<rect x="2" y="2.5" width="12" height="11" rx="1.5"/><path d="m2.5 12 3.5-4 3 3 2-2 3 3"/>'],
  ['Model', 186, choice],
  ['Provider', 122, choice],
  ['Why', 227, line],
];
/** CSS pixels, and how many real ones each becomes: 1400 in all. */
const view = { width: 1200, scale: 7 / 6 };

// Drawing cards changes it, to fonts of its own.
const environment = { ...process.env };

const imagesDir = await mkdtemp(join(tmpdir(), 'draw-board-'));
const demo = await startDemo({ real: false });
try {
  await serveRows(readConfig({ ...demo.variables, IMAGES_DIR: imagesDir }));
  const html = boardPage(await readBoard(demo.variables));
  // The board is still up: the page loads the pictures from it.
  const { width, height, size } = await sharp(await photograph(html))
    .png({ palette: true, quality: 95, effort: 10 })
    .toFile(pictureFile);
  console.log(`${pictureFile}: ${width} × ${height}, ${Math.round(size / 1024)} KB`);
} finally {
  await demo[Symbol.asyncDispose]();
  await rm(imagesDir, { recursive: true, force: true });
}

async function serveRows(config) {
  const app = await createApp(config, { log: pino({ level: 'silent' }), signal: new AbortController().signal });
  try {
    const { failed } = await app.sync();
    if (failed > 0) throw new Error(`${failed} rows failed; the picture would show a broken board.`);
  } finally {
    await app[Symbol.asyncDispose]();
  }
}

async function readBoard({ NOTION_TOKEN, NOTION_API_URL, NOTION_DATABASE_ID }) {
  const notion = new Client({ auth: NOTION_TOKEN, baseUrl: NOTION_API_URL, notionVersion: '2026-03-11' });
  const { title, data_sources: sources } = await notion.databases.retrieve({ database_id: NOTION_DATABASE_ID });
  const { results } = await notion.dataSources.query({
    data_source_id: sources[0].id,
    sorts: [{ timestamp: 'created_time', direction: 'ascending' }],
  });
  return { title: plainText(title), rows: results.map(({ properties }) => properties) };
}

async function photograph(html) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    env: environment,
  });
  try {
    const page = await browser.newPage({ viewport: { width: view.width, height: 600 }, deviceScaleFactor: view.scale });
    await page.setContent(html, { waitUntil: 'load' });
    return await page.screenshot({ fullPage: true });
  } finally {
    await browser.close();
  }
}

function boardPage({ title, rows }) {
  return `<!doctype html>
<meta charset="utf-8">
<style>
  * { box-sizing: border-box; }
  body { margin: 0; padding: 34px 44px 22px; color: #37352f; background: #fff;
    font: 14px/1.45 Inter, 'Helvetica Neue', Arial, 'Liberation Sans', 'Noto Sans Arabic', 'Noto Sans Hebrew', sans-serif; }
  h1 { margin: 0 0 14px; font-size: 30px; line-height: 1.2; letter-spacing: -0.02em; }
  .tab { display: inline-block; padding: 6px 2px 8px; font-weight: 600; border-bottom: 2px solid #37352f; }
  table { width: 100%; border-collapse: collapse; table-layout: fixed; border-top: 1px solid #e9e9e7; }
  th, td { padding: 9px 10px; text-align: left; vertical-align: top; border: solid #e9e9e7; border-width: 0 0 1px 1px; }
  th:first-child, td:first-child { padding-left: 0; border-left: 0; }
  th { padding-block: 7px; color: #787774; font-weight: 400; white-space: nowrap; }
  th svg { width: 14px; height: 14px; margin-right: 6px; vertical-align: -2px; stroke: #9b9a97; fill: none; stroke-width: 1.3; }
  .name { font-weight: 600; text-align: start; }
  .pill { display: inline-block; padding: 0 7px; border-radius: 4px; background: #eeeeec; line-height: 20px; white-space: nowrap; }
  .status { padding: 0 9px 0 7px; border-radius: 10px; background: #dbeddb; color: #1c3829; }
  .status::before { content: ''; display: inline-block; width: 8px; height: 8px; margin-right: 6px; border-radius: 4px; background: #6c9b7d; }
  .picture { padding-block: 8px; }
  img { display: block; height: 96px; border-radius: 3px; box-shadow: 0 0 0 1px rgb(15 15 15 / 8%); }
  .why { color: #55534e; }
  footer { margin-top: 14px; color: #9b9a97; font-size: 12.5px; display: flex; justify-content: space-between; }
</style>
<h1>${escape(title)}</h1>
<span class="tab">All posts</span>
<table>
  <tr>${columns.map(([name, width, icon]) => `<th style="width: ${width}px"><svg viewBox="0 0 16 16">${icon}</svg>${name}</th>`).join('')}</tr>
  ${rows.map(tableRow).join('\n  ')}
</table>
<footer><span>Count ${rows.length}</span><span>Drawn from the embedded board</span></footer>`;
}

function tableRow({ Name, Status, Image, Model, Provider, Why }) {
  return `<tr>
    <td class="name" dir="auto">${escape(plainText(Name.title))}</td>
    <td><span class="pill status">${escape(Status.status.name)}</span></td>
    <td class="picture"><img src="${escape(Image.files[0].file.url)}" alt=""></td>
    <td><span class="pill">${escape(Model.select.name)}</span></td>
    <td><span class="pill">${escape(Provider.select.name)}</span></td>
    <td class="why">${escape(plainText(Why.rich_text))}</td>
  </tr>`;
}

function plainText(items) {
  return items.map(({ plain_text: text }) => text).join('');
}

function escape(text) {
  return text.replaceAll(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
}

import { isRecord, pathOf } from './json-schemas.ts';

/** Limits that the client's types do not know (request limits page of the API reference, 2026-11). */
const maxBodyBytes = 500_000;
const maxBlocks = 1000;
const maxArrayItems = 100;
const maxTextLengths: Record<string, number> = { content: 2000, url: 2000, email: 200, phone_number: 200 };
const maxFileNameLength = 100;
const maxOptionNameLength = 2000;
const maxUploadNameBytes = 900;
const maxUploadParts = 10_000;

/** Tells in words which of Notion's limits a request's body breaks, beyond its shape. */
export function checkLimits(body: Record<string, unknown>): string[] {
  const bytes = Buffer.byteLength(JSON.stringify(body));
  const blocks = countBlocks(body);
  return [
    ...(bytes > maxBodyBytes ? [`body has ${bytes} bytes, more than ${maxBodyBytes}`] : []),
    ...(blocks > maxBlocks ? [`body has ${blocks} blocks, more than ${maxBlocks}`] : []),
    ...checkSizes(body, 'body'),
    ...checkProperties(body['properties'], 'body.properties'),
    ...(isRecord(body['initial_data_source'])
      ? checkProperties(body['initial_data_source']['properties'], 'body.initial_data_source.properties')
      : []),
    ...checkUpload(body),
  ];
}

function countBlocks(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countBlocks(item), 0);
  if (!isRecord(value)) return 0;
  const own = Array.isArray(value['children']) ? value['children'].length : 0;
  return own + countBlocks(Object.values(value));
}

function checkSizes(value: unknown, path: string): string[] {
  if (Array.isArray(value)) {
    const problems = value.flatMap((item, index) => checkSizes(item, `${path}[${index}]`));
    if (value.length > maxArrayItems) problems.unshift(`${path} has ${value.length} items, more than ${maxArrayItems}`);
    return problems;
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    if (typeof item !== 'string') return checkSizes(item, pathOf(path, key));
    const minimum = key === 'content' ? 0 : 1;
    const maximum = Object.hasOwn(maxTextLengths, key) ? maxTextLengths[key] : undefined;
    return maximum === undefined ? [] : checkLength(item, minimum, maximum, pathOf(path, key));
  });
}

/** Length as JavaScript counts it, in UTF-16 units. */
function checkLength(text: unknown, minimum: number, maximum: number, path: string): string[] {
  if (typeof text !== 'string' || (text.length >= minimum && text.length <= maximum)) return [];
  return [`${path} has ${text.length} characters, not ${minimum} to ${maximum}`];
}

/** Property values of a page, and where a select is configured its options. */
function checkProperties(properties: unknown, path: string): string[] {
  if (!isRecord(properties)) return [];
  return Object.entries(properties).flatMap(([name, property]) => {
    if (!isRecord(property)) return [];
    const { select, multi_select: multiSelect, status, files, date } = property;
    const at = pathOf(path, name);
    return [
      ...checkSelect(select, `${at}.select`),
      ...each(multiSelect, `${at}.multi_select`, checkSelect),
      ...checkSelect(multiSelect, `${at}.multi_select`),
      ...(status === null ? [`${at}.status is null, which does not empty it`] : checkOption(status, `${at}.status`)),
      ...each(files, `${at}.files`, checkFile),
      ...checkDate(date, `${at}.date`),
    ];
  });
}

function each(items: unknown, path: string, check: (item: unknown, path: string) => string[]): string[] {
  return Array.isArray(items) ? items.flatMap((item, index) => check(item, `${path}[${index}]`)) : [];
}

function checkSelect(value: unknown, path: string): string[] {
  if (!isRecord(value)) return [];
  return [
    ...checkOption(value, path),
    ...checkComma(value, path),
    ...each(value['options'], `${path}.options`, checkComma),
  ];
}

function checkComma(option: unknown, path: string): string[] {
  const hasComma = isRecord(option) && typeof option['name'] === 'string' && option['name'].includes(',');
  return hasComma ? [`${path}.name has a comma`] : [];
}

function checkOption(option: unknown, path: string): string[] {
  if (!isRecord(option)) return [];
  const problems = checkLength(option['name'], 1, maxOptionNameLength, `${path}.name`);
  if ('color' in option) problems.push(`${path}.color is refused when it is not the option's own`);
  return problems;
}

function checkFile(file: unknown, path: string): string[] {
  return isRecord(file) ? checkLength(file['name'], 1, maxFileNameLength, `${path}.name`) : [];
}

function checkDate(date: unknown, path: string): string[] {
  if (!isRecord(date)) return [];
  return ['start', 'end'].flatMap((key) => {
    const text = date[key];
    const isIso = typeof text !== 'string' || (/^\d{4}-\d{2}-\d{2}(T|$)/.test(text) && !Number.isNaN(Date.parse(text)));
    return isIso ? [] : [`${path}.${key} is ${JSON.stringify(text)}, not an ISO 8601 date`];
  });
}

function checkUpload({ filename, number_of_parts: parts }: Record<string, unknown>): string[] {
  const problems: string[] = [];
  if (typeof filename === 'string') {
    const bytes = Buffer.byteLength(filename);
    if (bytes < 1 || bytes > maxUploadNameBytes) problems.push(`body.filename has ${bytes} bytes, not 1 to 900`);
  }
  if (typeof parts === 'number' && !(Number.isInteger(parts) && parts >= 1 && parts <= maxUploadParts)) {
    problems.push(`body.number_of_parts is ${parts}, not a whole number from 1 to ${maxUploadParts}`);
  }
  return problems;
}

import type { Finding } from '../core/finding.ts';
import { type Fonts, installedFonts } from './fonts.ts';

/** A letter for each script that posts are commonly written in, and an emoji. */
const samples = ['A', 'Ж', 'Ω', 'ع', 'ש', '漢', 'か', '한', 'ह', 'ব', 'த', 'ไ', 'ខ', '😀'];

/** Checks which scripts a placeholder can show. */
export async function checkFonts(fonts: Fonts = installedFonts): Promise<Finding> {
  const subject = { key: 'fonts', about: 'Fonts for the drawn card' };
  const { omitted } = await fonts.cover(samples);
  if (omitted.length === 0) return { ...subject, state: 'well', message: 'for every common script, and emoji' };
  const missing = omitted.join(', ');
  return {
    ...subject,
    state: 'warning',
    message: `None for ${missing}: cards leave such letters out; install Noto fonts, on Debian fonts-noto-core, fonts-noto-cjk and fonts-noto-color-emoji.`,
  };
}

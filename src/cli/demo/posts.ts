/** Six planned posts in six languages, one of them without a prompt of its own. */
export const samplePosts: readonly { name: string; caption: string; prompt: string; format?: string }[] = [
  {
    name: 'Autumn soup: five recipes under 20 minutes',
    caption: 'Cold hands, warm bowl. Which one are you cooking first?',
    prompt:
      'A steaming bowl of pumpkin soup on a rustic wooden table, autumn leaves, soft window light, food photography',
  },
  {
    name: 'Unser Hofladen hat jetzt auch sonntags geöffnet',
    caption: 'Ab dem 1. Advent, von 10 bis 16 Uhr.',
    prompt: 'Ein kleiner Hofladen im Morgenlicht, Kisten mit Äpfeln und Kürbissen vor der Tür',
    format: 'Landscape',
  },
  {
    name: 'Δωρεάν ξενάγηση στο παλιό λιμάνι',
    caption: 'Κάθε Σάββατο στις 11.',
    prompt: 'An old Greek harbour at golden hour, fishing boats, whitewashed houses',
    format: 'Portrait',
  },
  {
    name: 'Зимняя ярмарка открывается в субботу',
    caption: 'Горячий чай, мёд и ремесленники со всей области.',
    prompt: '',
  },
  {
    name: 'ورشة الخط العربي للمبتدئين',
    caption: 'المقاعد محدودة، سجّلوا اليوم.',
    prompt: 'Close-up of a reed pen writing Arabic calligraphy, ink, warm paper',
  },
  {
    name: 'ערב שירה בספרייה העירונית',
    caption: 'הכניסה חופשית.',
    prompt: 'A cosy public library in the evening, warm lamps, a small stage with a microphone',
    format: 'Story',
  },
];

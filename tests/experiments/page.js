// SPDX-License-Identifier: GPL-3.0-or-later
//
// Put at the end of a page by page.sh: looks at it as a browser shows it, and
// leaves what it finds, a line each, for --dump-dom.
'use strict';
(() => {
  const lines = [];
  const say = (name, value) => lines.push(`CHECK ${name}=${value}`);
  const shown = (selector) => [...document.querySelectorAll(selector)]
    .filter((e) => getComputedStyle(e).display !== 'none').length;
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const colour = (name) => {
    const probe = document.createElement('i');
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };

  // WCAG 2.1: text 4.5 to 1 (1.4.3), graphics 3 to 1 (1.4.11).
  let text = Infinity, graphics = Infinity;
  for (const ground of ['bg', 'card', 'best'])
    for (const ink of ['fg', ground === 'best' ? 'fg' : 'dim',
                       ground === 'bg' ? 'link' : 'fg'])
      text = Math.min(text, ratio(colour(ink), colour(ground)));
  for (let i = 1; i <= 8; i++)
    graphics = Math.min(graphics, ratio(colour(`c${i}`), colour('bg')));
  say('text', text >= 4.5 ? 'enough' : text.toFixed(2));
  say('graphics', graphics >= 3 ? 'enough' : graphics.toFixed(2));
  say('dark', luminance(colour('bg')) < 0.1);

  const pictures = [...document.querySelectorAll('figure svg')];
  say('pictures', pictures.length);
  say('empty', pictures.filter((s) =>
    s.getBoundingClientRect().width < 100 ||
    !s.querySelector('path, polygon, use, image')).length);
  say('untitled', pictures.filter((s) =>
    (s.querySelector('title')?.textContent ?? '').length < 20).length);
  // Of letters: outside of their picture, or on one another.
  let outside = 0, overlaps = 0;
  for (const svg of pictures) {
    const frame = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll('text')]
      .filter((t) => t.textContent.trim())
      .map((t) => ({ box: t.getBoundingClientRect(), t,
        turned: /rotate/.test(t.parentNode.getAttribute('transform')) }));
    for (const { box, t } of boxes)
      if (box.left < frame.left - 3 || box.right > frame.right + 3 ||
          box.top < frame.top - 3 || box.bottom > frame.bottom + 3) {
        outside++;
        lines.push(`NOTE ${t.textContent.trim()} is outside of: ` +
          svg.querySelector('title').textContent.slice(0, 60));
      }
    const still = boxes.filter((b) => !b.turned);
    for (let i = 0; i < still.length; i++)
      for (let k = 0; k < i; k++) {
        const a = still[i].box, b = still[k].box;
        const w = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (w > 4 && h > 6) {
          overlaps++;
          if (overlaps < 9) lines.push(`NOTE ${still[i].t.textContent.trim()} ` +
            `on ${still[k].t.textContent.trim()}: ` +
            svg.querySelector('title').textContent.slice(0, 60));
        }
      }
  }
  say('outside', outside);
  say('overlaps', overlaps);

  const groups = new Set([...document.querySelectorAll('input[type="radio"]')]
    .map((e) => e.name));
  for (const group of groups)
    for (const button of
      document.querySelectorAll(`input[name="${group}"]`)) {
      button.click();
      const rows = shown(`#${group} .scroll tbody tr`);
      const said = document.querySelector(`label[for="${button.id}"]`)
        .textContent.match(/\((\d+)\)/)[1];
      say(`filter-${button.id}`, rows === Number(said) ? 'works' :
        `${rows} of ${said}`);
    }

  say('headless-tables', [...document.querySelectorAll('table')].filter((t) =>
    !t.querySelector('th[scope="col"]')).length);
  say('dead-links', [...document.querySelectorAll('a[href^="#"]')].filter((a) =>
    !document.getElementById(a.getAttribute('href').slice(1))).length);
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  say('double-ids', ids.length - new Set(ids).size);
  say('width', innerWidth);
  say('overflow', document.documentElement.scrollWidth > innerWidth);
  const result = document.createElement('pre');
  result.textContent = '\n' + lines.join('\n') + '\n';
  // In a frame as narrow as a phone, the page around it is what is dumped.
  (window.frameElement ? parent.document : document).body.append(result);
})();

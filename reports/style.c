/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page's style: light, dark and paper; a desk and a phone.
 */
#include "internal.h"

/* The pictures' colours (common.gp), which colour-blind readers can tell apart
 * (after Okabe and Ito, Color Universal Design, 2008), and what they become on
 * a dark ground.  Either stands out from its ground by 3 to 1, as WCAG 2.1
 * asks of graphics (1.4.11); text by 4.5 to 1 (1.4.3).  A test computes it. */
static const struct {
  int red, green, blue;
  const char *light, *dark;
} colours[] = {{0, 114, 178, "#0072b2", "#56b4e9"},
               {213, 94, 0, "#d55e00", "#f0a04b"},
               {0, 122, 90, "#007a5a", "#4fc79a"},
               {164, 80, 139, "#a4508b", "#e09fcb"},
               {138, 109, 0, "#8a6d00", "#e0c341"},
               {90, 95, 102, "#5a5f66", "#b6bec8"},
               {14, 138, 156, "#0e8a9c", "#5fd3e3"},
               {176, 18, 59, "#b0123b", "#ff8b9b"}};
enum { COLOURS = sizeof colours / sizeof colours[0] };

static const char light[] =
    "--bg:#ffffff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--card:#f6f8fa;"
    "--link:#0b5cad;--best:#e7f3ec;--note:#d55e00;";
static const char dark[] =
    "--bg:#12161b;--fg:#e6e9ed;--dim:#a3adb8;--line:#353c45;--card:#1b2129;"
    "--link:#79b8ff;--best:#16352a;--note:#f0a04b;";

static const char layout[] =
    "*{box-sizing:border-box}html{scroll-padding-top:.5rem}"
    "body{margin:0 auto;padding:1.2rem;"
    "max-width:64rem;background:var(--bg);color:var(--fg);"
    "font:16px/1.5 system-ui,sans-serif;overflow-wrap:break-word}\n"
    "a{color:var(--link)}"
    "h1{font-size:1.7rem;line-height:1.2;margin:.2rem 0 .6rem}"
    "h2{font-size:1.3rem;margin:2.6rem 0 .4rem;padding-top:.8rem;"
    "border-top:1px solid var(--line)}h3{font-size:1.05rem;margin:1.4rem 0 "
    ".4rem}\np{max-width:46rem;margin:.5rem 0}.lead{font-size:1.12rem}"
    ".dim,figcaption{color:var(--dim);font-size:.88rem}"
    "figcaption{max-width:50rem}.file{white-space:nowrap}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fill,"
    "minmax(9.5rem,1fr));gap:.6rem;margin:1rem 0}.card{background:var(--card);"
    "border:1px solid var(--line);border-radius:6px;padding:.55rem .75rem}"
    ".card b{display:block;font-size:1.35rem;line-height:1.3;"
    "overflow-wrap:anywhere}"
    ".card span{display:block;color:var(--dim);font-size:.85rem;"
    "overflow-wrap:anywhere}\n"
    ".findings{padding-left:1.2rem;max-width:50rem}.findings li{margin:.35rem 0}"
    ".contents{columns:10rem;font-size:.9rem;padding:0;list-style:none}\n"
    ".verdict{border-left:4px solid var(--c3);padding-left:.8rem}"
    ".verdict p{margin:.3rem 0}\n"
    ".scroll{overflow-x:auto;margin:.5rem 0}table{border-collapse:collapse;"
    "font-size:.9rem;font-variant-numeric:tabular-nums}th,td{padding:.22rem "
    ".7rem;border-bottom:1px solid var(--line);text-align:right;"
    "white-space:nowrap}th:first-child,td:first-child,th.name,td.name"
    "{text-align:left}"
    "thead th{border-bottom:2px solid var(--dim);vertical-align:bottom}"
    ".best{background:var(--best);"
    "font-weight:600}.group td,.group th{border-top:2px solid var(--line)}\n"
    "@media(min-width:40rem){.scroll th[scope=row]{position:sticky;left:0;"
    "background:var(--bg)}}"
    "td.long{white-space:pre-line;min-width:min(26rem,75vw)}td,"
    "th[scope=row]{vertical-align:top}input[type=radio]{position:absolute;"
    "opacity:0}"
    ".filter{display:inline-block;margin:.15rem .35rem .15rem 0;padding:.05rem "
    ".6rem;border:1px solid var(--line);border-radius:1rem;background:"
    "var(--card);cursor:pointer;font-size:.9rem}\n:checked+.filter{background:"
    "var(--best);border-color:var(--fg);font-weight:600}:focus-visible+.filter"
    "{outline:2px solid var(--link)}"
    "details{margin:.5rem 0}summary{cursor:pointer}\n"
    "figure{margin:1.2rem 0}.panels{display:grid;gap:.4rem .8rem;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),30rem))}"
    "figure svg{display:block;width:100%;height:auto;max-width:30rem}"
    ".wide svg{max-width:46rem}.wide .panels{display:block}\n"
    "pre{background:var(--card);border:1px solid var(--line);border-radius:"
    "6px;padding:.6rem .8rem;white-space:pre-wrap;overflow-wrap:anywhere;"
    "font-size:.88rem}pre code{user-select:all}"
    "dl{display:grid;grid-template-columns:max-content minmax(0,1fr);"
    "gap:.15rem .9rem;font-size:.9rem}dt{color:var(--dim)}dd{margin:0;"
    "overflow-wrap:anywhere}\n"
    ".note{border-left:4px solid var(--note);padding-left:.8rem}\n"
    "@media(max-width:30rem){body{padding:.8rem}h2{margin-top:2rem}"
    ".card b{font-size:1.15rem}}\n";

/* gnuplot writes the text's colour, "black", at the group around it; figures
 * in the cells of a heat map keep theirs. */
static const char pictures[] =
    "figure svg text{font-family:system-ui,sans-serif}"
    "figure svg [fill='black']{fill:var(--fg)}"
    "figure svg [stroke='black'],figure svg [stroke='rgb(  0,   0,   0)']"
    "{stroke:var(--dim)}figure svg g[color='black']{color:var(--dim)}"
    "figure svg [stroke='rgb(128, 128, 128)']{stroke:var(--line)}"
    "figure svg [color='white']{color:var(--bg)}"
    "figure svg image{image-rendering:pixelated}\n";

static const char paper[] =
    "body{padding:0;font-size:10.5pt;max-width:none}"
    "figure svg,tr,.card,.findings li{break-inside:avoid}"
    "h2,h3,h3+p{break-after:avoid}.scroll{overflow:visible}"
    ".panels{grid-template-columns:1fr 1fr}figure svg{max-width:9cm}"
    ".wide svg{max-width:16cm}.filter,.contents{display:none}"
    "table{font-size:7.5pt}th,td{padding:.1rem .25rem;white-space:normal}"
    "th,td.name{overflow-wrap:anywhere;min-width:1.3cm}td.long{min-width:3cm}";

static void variables(ulp_text *t, const char *rest, bool is_dark)
{
  ulp_text_printf(t, ":root{%s", rest);
  for (size_t i = 0; i < COLOURS; i++)
    ulp_text_printf(t, "--c%zu:%s;", i + 1,
                    is_dark ? colours[i].dark : colours[i].light);
  ulp_text_printf(t, "}");
}

static void picture_colours(ulp_text *t)
{
  for (size_t i = 0; i < COLOURS; i++)
    for (const char *const *a = (const char *const[]){"stroke", "color", "fill",
                                                      NULL}; *a; a++)
      ulp_text_printf(t, "figure svg [%s='rgb(%3d, %3d, %3d)']{%s:var(--c%zu)}",
                      *a, colours[i].red, colours[i].green, colours[i].blue,
                      *a, i + 1);
  ulp_text_printf(t, "\n");
}

void ulp_html_style(ulp_text *t)
{
  variables(t, light, false);
  ulp_text_printf(t, "\n@media(prefers-color-scheme:dark){");
  variables(t, dark, true);
  ulp_text_printf(t, "}\n%s%s", layout, pictures);
  picture_colours(t);
  ulp_text_printf(t, "@media print{");
  variables(t, light, false);
  ulp_text_printf(t, "%s}\n", paper);
}

/**
 * The link gate: no link of a page leads to a file or a heading that is not there, in the repository and in the made site.
 * Links to other hosts are left alone: whether they answer is not a matter of this repository.
 * Usage: node scripts/docs-links.mjs [--site]
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const slashes = (/** @type {string} */ path) => path.split(sep).join("/");

/** @param {string} folder @param {string} ending @returns {string[]} */
function filesBelow(folder, ending) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending) && !slashes(name).split("/").includes("node_modules"))
    .sort()
    .map((name) => join(folder, name));
}

/** @param {string} root @returns {string[]} every page for people */
function pagesOf(root) {
  const top = readdirSync(root).filter((name) => name.endsWith(".md"));
  const below = ["docs", "examples", "bench"].flatMap((folder) => filesBelow(join(root, folder), ".md"));
  return [...top.map((name) => join(root, name)), ...below].sort();
}

/** Code keeps its line ends, so that lines can be counted. @param {string} markdown */
const withoutCode = (markdown) =>
  markdown
    .replaceAll(/^ {0,3}(```|~~~)[\s\S]*?^ {0,3}\1/gm, (block) => block.replaceAll(/[^\n]/g, ""))
    .replaceAll(/(`+)[^`\n]+\1/g, (code) => " ".repeat(code.length));

/** The anchors of a page's headings, as GitHub makes them. @param {string} markdown @returns {Set<string>} */
export function anchorsOf(markdown) {
  /** @type {Set<string>} */
  const anchors = new Set();
  const withoutBlocks = markdown.replaceAll(/^ {0,3}(```|~~~)[\s\S]*?^ {0,3}\1/gm, "");
  for (const [, heading = ""] of withoutBlocks.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = text.replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/** @param {string} markdown @returns {{ target: string, line: number }[]} */
function linksOf(markdown) {
  const text = withoutCode(markdown);
  const found = [...text.matchAll(/\]\(<?([^)\s>]+)>?(?: +"[^"]*")?\)/g), ...text.matchAll(/^ {0,3}\[[^\]]+\]: +(\S+)/gm)];
  return found.map((match) => ({ target: match[1] ?? "", line: text.slice(0, match.index).split("\n").length }));
}

/** @param {string} target @returns {boolean} */
const isElsewhere = (target) => /^[a-z][a-z+.-]*:/i.test(target);

/**
 * Links of pages that lead nowhere, as `page:line  why`.
 * @param {string} root
 * @returns {{ readonly linkCount: number, readonly faults: string[] }}
 */
export function checkPages(root) {
  let linkCount = 0;
  /** @type {string[]} */
  const faults = [];
  for (const page of pagesOf(root)) {
    const own = readFileSync(page, "utf8");
    for (const { target, line } of linksOf(own)) {
      if (isElsewhere(target)) continue;
      linkCount++;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : resolve(dirname(page), decodeURIComponent(path));
      const at = `${slashes(relative(root, page))}:${line}`;
      if (!existsSync(file)) faults.push(`${at}  no such file: ${target}`);
      else if (slashes(relative(root, file)).startsWith("../")) faults.push(`${at}  outside of the repository: ${target}`);
      else if (anchor !== undefined && file.endsWith(".md") && !anchorsOf(readFileSync(file, "utf8")).has(anchor)) {
        faults.push(`${at}  no such heading: ${target}`);
      }
    }
  }
  return { linkCount, faults };
}

/**
 * Links of the made site that lead nowhere, as `page  target`; each once a page.
 * @param {string} site
 * @returns {{ readonly linkCount: number, readonly faults: string[] }}
 */
export function checkSite(site) {
  const pages = new Map(filesBelow(site, ".html").map((file) => [slashes(relative(site, file)), readFileSync(file, "utf8")]));
  const anchors = new Map([...pages].map(([page, html]) => [page, new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]));
  let linkCount = 0;
  /** @type {string[]} */
  const faults = [];
  for (const [page, html] of pages) {
    const targets = new Set([...html.matchAll(/ (?:href|src)="([^"]+)"/g)].map(([, target = ""]) => target.replaceAll("&amp;", "&")));
    for (const target of targets) {
      if (isElsewhere(target) || target.startsWith("//")) continue;
      linkCount++;
      const [path = "", anchor] = target.split("#");
      const named = path === "" ? page : posix.join(posix.dirname(page), decodeURIComponent(path.split("?")[0] ?? ""));
      // A folder is its index, as web servers have it.
      const place = /^\.?\/?$|\/$/.test(named) ? posix.join(named, "index.html") : named;
      const file = join(site, place);
      const ids = anchors.get(place);
      if (!existsSync(file) || statSync(file).isDirectory()) faults.push(`${page}  no such file: ${target}`);
      else if (anchor && ids && !ids.has(decodeURIComponent(anchor))) faults.push(`${page}  no such place: ${target}`);
    }
  }
  return { linkCount, faults };
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const isOfSite = process.argv.includes("--site");
  const { linkCount, faults } = isOfSite ? checkSite(join(root, "site")) : checkPages(root);
  for (const fault of faults) console.log(fault);
  console.log(`${isOfSite ? "site" : "docs"}: ${linkCount} links, ${faults.length} faults`);
  if (faults.length > 0 || linkCount === 0) process.exitCode = 1;
}
